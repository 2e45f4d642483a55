import Model

/// What the kernel would refuse, known without asking it.
struct Foresight: Outlook {
  private let desired: [LinkName: Link]
  private let observed: [LinkName: Link]
  /// Excludes addresses that can't be made.
  var reach = Reach()
  /// The last hop that passed: a hundred thousand routes share a few.
  private var last: (via: IPAddress?, dev: LinkName?)?
  private var said: [Reached: String] = [:]

  init(from observed: [Link], to desired: [Link]) {
    self.desired = Dictionary(
      desired.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.observed = Dictionary(
      observed.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func mtu(_ name: LinkName) -> UInt32? { desired[name]?.mtu ?? observed[name]?.mtu }

  /// Whether a link will be down, as far as is known.
  private func isDown(_ name: LinkName) -> Bool {
    if name == .loopback, desired[name] == nil { return observed[name]?.isUp == false }
    return (desired[name].flatMap { $0.isManaged ? $0.isUp : nil } ?? observed[name]?.isUp) == false
  }

  func objection(toSource src: IPAddress) -> String? {
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

  mutating func objection(
    toWay via: IPAddress?, _ dev: LinkName?, isOnlink: Bool, _ family: Family
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

  /// The networks for a message, which is the same for many routes.
  private mutating func networks(of dev: LinkName?, _ family: Family) -> String {
    let place = Reached(dev: dev, family: family)
    if let said = said[place] { return said }
    let networks = reach.networks(of: dev, family)
    let most = 4
    var text = networks.prefix(most).map(\.description).joined(separator: ", ")
    if networks.count > most { text += " and \(networks.count - most) more" }
    if networks.isEmpty { text = "it has none of \(family == .inet ? "IPv4" : "IPv6")" }
    said[place] = text
    return text
  }

  private struct Reached: Hashable {
    let dev: LinkName?
    let family: Family
  }
}
