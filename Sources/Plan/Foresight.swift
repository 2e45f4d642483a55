import Model

/// What the kernel would refuse, known before it is asked.
struct Foresight {
  private let desired: [LinkName: Link]
  private let observed: [LinkName: Link]
  /// Without the addresses that can't be made.
  var reach = Reach()
  /// The last way to which there was no objection: a hundred thousand routes share a few.
  private var last: (via: IPAddress?, dev: LinkName?)?
  private var said: [Place: String] = [:]

  init(from observed: [Link], to desired: [Link]) {
    self.desired = Dictionary(
      desired.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.observed = Dictionary(
      observed.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func mtu(_ name: LinkName) -> UInt32? { desired[name]?.mtu ?? observed[name]?.mtu }

  /// Whether a link will be down for all that is known.
  private func isDown(_ name: LinkName) -> Bool {
    if name == .loopback, desired[name] == nil { return observed[name]?.isUp == false }
    return (desired[name].flatMap { $0.isManaged ? $0.isUp : nil } ?? observed[name]?.isUp) == false
  }

  // MARK: - By kind

  /// Why the kernel would refuse what is wanted; nil where nothing is known against it.
  mutating func objection<R: Resource>(to object: R) -> String? {
    if let route = object as? Route { return objection(to: route) }
    if let nexthop = object as? Nexthop { return objection(to: nexthop) }
    if let address = object as? Address { return objection(to: address) }
    if let link = object as? Link { return objection(to: link) }
    return nil
  }

  /// What is sent has to fit into the link below, which the file may not state.
  private func objection(to link: Link) -> String? {
    guard let mtu = link.mtu, let lower = link.lower, let most = self.mtu(lower) else { return nil }
    // Outer IP header, UDP 8, VXLAN 8, inner Ethernet 14 (RFC 7348, section 4.3).
    let overhead: UInt32 = link.vxlan.map { $0.isIPv6 ? 70 : 50 } ?? 0
    guard mtu + overhead > most else { return nil }
    return "its MTU \(mtu) is above that of \(lower) below it, \(most)"
      + (overhead == 0 ? "" : ", less \(overhead) for VXLAN")
  }

  /// IPv6 ends on a link whose MTU is less than its least (RFC 8200, section 5).
  private func objection(to address: Address) -> String? {
    guard address.address.family == .inet6, let mtu = mtu(address.link), mtu < Self.leastIPv6MTU
    else { return nil }
    return "the MTU of \(address.link) is \(mtu), and IPv6 takes \(Self.leastIPv6MTU)"
  }

  static let leastIPv6MTU: UInt32 = 1280

  private mutating func objection(to nexthop: Nexthop) -> String? {
    guard case .hop(let via, let dev, let isOnlink) = nexthop.target else { return nil }
    return objection(via, dev, isOnlink: isOnlink, nexthop.family)
  }

  private mutating func objection(to route: Route) -> String? {
    if let src = route.src, let reason = objection(toSource: src) { return reason }
    guard route.type == .unicast else { return nil }
    if let hop = route.hop {
      return objection(hop.via, hop.dev, isOnlink: hop.isOnlink, route.dst.family)
    }
    for hop in route.hops {
      if let reason = objection(hop.via, hop.dev, isOnlink: hop.isOnlink, route.dst.family) {
        return reason
      }
    }
    return nil
  }

  private func objection(toSource src: IPAddress) -> String? {
    guard reach.has(src) else {
      let link = reach.duplicates[src]
      return "\(src), its \"src\", is "
        + (link.map { "a duplicate: another machine on link \($0) has it" }
          ?? "no address of this machine")
    }
    guard let link = reach.tentative[src], isDown(link) else { return nil }
    return "\(src), its \"src\", is tentative: link \(link) is down, and the kernel looks for "
      + "duplicates only once it is up"
  }

  private mutating func objection(
    _ via: IPAddress?, _ dev: LinkName?, isOnlink: Bool, _ family: Family
  ) -> String? {
    if let last, last == (via, dev) { return nil }
    if let dev, isDown(dev) {
      return "link \(dev) is down, and the kernel takes no way over it until it is up"
    }
    guard let via, !isOnlink, !reach.covers(via, dev: dev) else {
      if !isOnlink { last = (via, dev) }
      return nil
    }
    let place = dev.map { "link \($0)" } ?? "this machine"
    return
      "the gateway \(via) is on no network of \(place) (\(networks(of: dev, via.family))): if it is "
      + "to be reached all the same, say \"onlink\": true\(dev == nil ? " and its \"dev\"" : "")"
  }

  /// For a sentence; the same for many routes.
  private mutating func networks(of dev: LinkName?, _ family: Family) -> String {
    let place = Place(dev: dev, family: family)
    if let said = said[place] { return said }
    let networks = reach.networks(of: dev, family)
    let most = 4
    var text = networks.prefix(most).map(\.description).joined(separator: ", ")
    if networks.count > most { text += " and \(networks.count - most) more" }
    if networks.isEmpty { text = "it has none of \(family == .inet ? "IPv4" : "IPv6")" }
    said[place] = text
    return text
  }

  private struct Place: Hashable {
    let dev: LinkName?
    let family: Family
  }
}

extension VXLAN {
  /// Of the packets that carry it.
  fileprivate var isIPv6: Bool { (remote ?? local)?.family == .inet6 }
}
