/// What a plan knows of the network as it will be: kinds say by it what the kernel would refuse.
public protocol Outlook {
  /// The desired one, else the observed one.
  func mtu(_ link: LinkName) -> UInt32?
  /// Why the kernel would refuse a route or nexthop this way; nil where nothing is known against it.
  mutating func objection(
    toWay via: IPAddress?, _ dev: LinkName?, isOnlink: Bool, _ family: Family
  ) -> String?
  /// Why the kernel would refuse a route's source address.
  func objection(toSource src: IPAddress) -> String?
}
