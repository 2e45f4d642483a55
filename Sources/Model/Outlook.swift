/// What a plan knows about the network as it will be; kinds use it to tell what the kernel would
/// refuse.
public protocol Outlook {
  /// The desired MTU, or else the observed one.
  func mtu(_ link: LinkName) -> UInt32?
  /// Why the kernel would refuse a route or nexthop with this hop; nil if no reason is known.
  mutating func objection(
    toWay via: IPAddress?, _ dev: LinkName?, isOnlink: Bool, _ family: Family
  ) -> String?
  /// Why the kernel would refuse a route's source address.
  func objection(toSource src: IPAddress) -> String?
}
