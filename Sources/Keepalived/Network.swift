internal import JSON
internal import Model

/// The kernel's objects of the state file as far as they have been made.
struct Network {
  private var links: [(name: LinkName, tree: Tree)] = []
  /// Links of somebody else's, in the order in which they were named.
  private var references: [LinkName] = []
  private var settings: [(String, Tree)] = []
  /// Settings that would refuse an address that is there.
  private var needsIPv6: Set<String> = []
  private(set) var addresses: [Tree] = []
  private(set) var routes: [Tree] = []
  private(set) var rules: [Tree] = []
  /// What identifies the objects that are there, and where they stood.
  private var places: [String: Location] = [:]
  private var macvlans: [String: LinkName] = [:]
  /// The priority of the next rule that states none: keepalived counts from here, too.
  private var nextPriority = 16_384

  /// Names a link of somebody else's.
  mutating func refer(to link: LinkName) {
    if link != .loopback, !references.contains(link) { references.append(link) }
  }

  /// Links that virtual routers make of themselves; they are not declared.
  private(set) var made: Set<LinkName> = []

  /// A name for a link to be made that no other such link has.
  func free(_ wanted: String) -> LinkName? {
    func isTaken(_ name: LinkName) -> Bool {
      made.contains(name) || links.contains { $0.name == name }
    }
    guard let first = LinkName(wanted), isTaken(first) else { return LinkName(wanted) }
    return (1...255).lazy.compactMap { LinkName("\(wanted).\($0)") }.first { !isTaken($0) }
  }

  mutating func make(_ link: LinkName) { made.insert(link) }

  /// As the section `links`: somebody else's first.
  var linkTrees: [Tree] {
    let own = made.union(links.map(\.name))
    return references.filter { !own.contains($0) }.map {
      ["name": .string($0.text), "managed": false]
    } + links.map(\.tree)
  }

  mutating func set(_ sysctl: String, _ value: Int) {
    guard !settings.contains(where: { $0.0 == sysctl }) else { return }
    settings.append((sysctl, .integer(value)))
  }

  var sysctls: [(String, Tree)] { settings.filter { !needsIPv6.contains($0.0) } }

  /// Takes the identity for an object at `location`; where it is taken already, returns by which.
  mutating func take(_ identity: String, _ location: Location) -> Location? {
    if let place = places[identity] { return place }
    places[identity] = location
    return nil
  }

  mutating func append(address: Tree, of family: Family, on link: LinkName) {
    addresses.append(address)
    if family == .inet6 { needsIPv6.insert("net.ipv6.conf.\(Self.sysctlName(link)).disable_ipv6") }
  }
  mutating func append(route: Tree) { routes.append(route) }
  mutating func append(rule: Tree) { rules.append(rule) }

  mutating func priority() -> Int {
    defer { nextPriority += 1 }
    return nextPriority
  }

  /// A macvlan with the virtual router's MAC address on `base`, and the settings that keepalived
  /// gives it; nil if the name doesn't fit.
  mutating func macvlan(on base: LinkName, id: UInt8, _ family: Family) -> LinkName? {
    let key = "\(base) \(id) \(family.rawValue)"
    if let known = macvlans[key] { return known }
    guard let name = free(VirtualMAC.link(id, family)) else { return nil }
    macvlans[key] = name
    refer(to: base)
    links.append(
      (
        name,
        [
          "name": .string(name.text), "type": "macvlan", "link": .string(base.text),
          "mode": "private", "address": .string(VirtualMAC.address(id, family)),
        ]
      ))
    let (below, own) = (Self.sysctlName(base), Self.sysctlName(name))
    switch family {
    case .inet:
      // Each of the two links answers ARP for its own addresses alone.
      set("net.ipv4.conf.\(below).arp_ignore", 1)
      set("net.ipv4.conf.\(below).arp_filter", 1)
      set("net.ipv4.conf.\(own).arp_ignore", 1)
      // Packets for the VIPs come in by one link, and the way back leads by the other.
      set("net.ipv4.conf.\(own).accept_local", 1)
      set("net.ipv4.conf.\(own).rp_filter", 0)
      set("net.ipv4.conf.\(own).promote_secondaries", 1)
      // Otherwise both routers would have the link-local address of the same MAC.
      set("net.ipv6.conf.\(own).disable_ipv6", 1)
    case .inet6:
      set("net.ipv6.conf.\(own).addr_gen_mode", 1)
      set("net.ipv6.conf.\(own).accept_ra", 0)
    }
    return name
  }

  /// A dot in a link's name is a slash in a setting's (sysctl(8)).
  static func sysctlName(_ link: LinkName) -> String {
    String(link.text.map { $0 == "." ? "/" : $0 })
  }
}

/// A virtual router's MAC address (RFC 9568, section 7.3), and the link that keepalived makes for it.
enum VirtualMAC {
  static func address(_ id: UInt8, _ family: Family) -> String {
    let hex = String(id, radix: 16)
    return "00:00:5e:00:0\(family == .inet ? 1 : 2):" + (hex.utf8.count == 1 ? "0" : "") + hex
  }

  static func link(_ id: UInt8, _ family: Family) -> String {
    "vrrp\(family == .inet ? "" : "6").\(id)"
  }
}
