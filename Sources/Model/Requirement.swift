/// What must be there before an object can be.
public enum Requirement: Hashable, Sendable {
  case link(LinkName)
  /// A nexthop object, by its id.
  case nexthop(UInt32)
  /// A gateway, over an address of one of this machine's links.
  case reachable(IPAddress)
}
