/// What must exist before an object can.
public enum Requirement: Hashable, Sendable {
  case link(LinkName)
  /// A nexthop object, by its id.
  case nexthop(UInt32)
  /// A gateway, reachable through an address of one of this machine's links.
  case reachable(IPAddress)
}

/// What an object provides for others that depend on it.
public enum Provision: Hashable, Sendable {
  case link(LinkName)
  /// A nexthop object, by its id.
  case nexthop(UInt32)
  /// Makes gateways within a network reachable.
  case network(Prefix)
}

/// What else is lost when a link is changed.
public enum LinkLoss: Sendable {
  /// The link goes down: IPv6 addresses, and routes of both families, are lost.
  case goesDown
  /// The MTU falls below IPv6's minimum.
  case endsIPv6
}
