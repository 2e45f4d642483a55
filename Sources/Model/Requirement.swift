/// What must be there before an object can be.
public enum Requirement: Hashable, Sendable {
  case link(LinkName)
  /// A nexthop object, by its id.
  case nexthop(UInt32)
  /// A gateway, over an address of one of this machine's links.
  case reachable(IPAddress)
}

/// What an object is to others that rest on it.
public enum Provision: Hashable, Sendable {
  case link(LinkName)
  /// A nexthop object, by its id.
  case nexthop(UInt32)
  /// Makes the gateways of a network reachable.
  case network(Prefix)
}

/// What a change of a link takes away beside what the change says.
public enum LinkLoss: Sendable {
  /// It goes down: IPv6 addresses, and routes of both families.
  case goesDown
  /// Its MTU falls below IPv6's least.
  case endsIPv6
}
