internal import JSON
internal import Model

enum LinkSection: ListSection {
  static let key = "links"
  static let source: Signal.Source? = .link

  static var unread: WritableKeyPath<Contents, Set<String>?>? { \.unreadLinks }

  static func read(_ object: inout ObjectReader<LinkKey>) -> Declared<Link>? {
    let link = object.link()
    let when = object.when(of: link?.name)
    return link.map { Declared($0, when: when) }
  }

  /// Without a link that names itself: that is reported elsewhere.
  static func links(of link: Link) -> [(name: LinkName?, key: String)] {
    [
      (link.lower == link.name ? nil : link.lower, link.lowerKey),
      (link.master == link.name ? nil : link.master, "master"),
      (link.bond?.primary, "primary"),
    ]
  }

  static func check(_ check: CrossCheck) {
    check.checkIdentities(of: Link.self)
    check.checkLinks(of: Link.self, links)
    check.checkLinks()
  }

  static func signals(_ check: CrossCheck) -> SignalNames? {
    guard let unread = check.contents.unreadLinks else { return nil }
    let names = check.impliedLinks.union(check.links.keys)
    return SignalNames(noun: "link", declared: Set(names.map(\.text)), unread: unread)
  }
}

extension Link {
  /// The key for the link below it.
  var lowerKey: String { vxlan != nil || tunnel != nil ? "dev" : "link" }
}

extension ObjectReader<LinkKey> {
  fileprivate mutating func link() -> Link? {
    let name = required(.name, .link)
    // Without a name there is no link, but there may be more mistakes to report.
    var link = Link(name ?? .loopback)
    link.isManaged = optional(.managed, .bool) ?? true
    guard link.isManaged else {
      for key in LinkKey.allCases where value(key) != nil && key != .name && key != .managed {
        refuse(key, "an unmanaged link is only referred to: leave \"\(key.name)\" out")
      }
      return name.map { _ in link }
    }
    link.isAdopted = optional(.adopt, .bool) ?? false
    let type = optional(.type, .linkType)
    refuseKeysOfOthers(type)
    if let type { link.device = device(type, of: link) }
    link.mtu = mtu(name)
    link.address = mac(of: link)
    link.master = optional(.master, .link)
    link.alias = alias(isOurs: link.isOurs)
    link.altnames = altnames()
    link.vlans = vlans(of: link)
    // A link that we make is wanted up; the state of another is its maker's business.
    link.isUp = optional(.up, .bool) ?? (has(.type) && !link.isAdopted ? true : nil)
    return name.map { _ in link }
  }

  private mutating func refuseKeysOfOthers(_ type: String?) {
    let own = LinkKey.own.first { $0.type == type }?.keys ?? []
    guard type != nil || !has(.type) else { return }
    for key in LinkKey.allCases where value(key) != nil && !LinkKey.common.contains(key) {
      guard !own.contains(key) else { continue }
      let types = LinkKey.own.filter { $0.keys.contains(key) }.map(\.type)
      refuse(
        key,
        "\"\(key.name)\" is a key of \(Spelling.list(types, "and")) links, "
          + (type.map { "not of \($0)" } ?? "and this link states no \"type\""))
    }
  }

  private mutating func mtu(_ name: LinkName?) -> UInt32? {
    // lo's MTU is 65536 by default; a device's max_mtu is 65535 at most.
    let most: UInt32 = name == .loopback ? 65_536 : 65_535
    return optional(.mtu, .bytes(68, to: most))
  }

  private mutating func mac(of link: Link) -> MACAddress? {
    if let tunnel = link.tunnel, has(.address) {
      refuse(.address, "a link of type \(tunnel.kind.rawValue) has no MAC address")
    }
    if let bond = link.bond, bond.mode == .activeBackup, bond.failOverMAC ?? .none != .none,
      has(.address)
    {
      // bond_set_mac_address ignores it.
      refuse(.address, "with \"fail_over_mac\" the bond has the MAC address of its active slave")
    }
    guard let mac = optional(.address, .mac) else { return nil }
    if mac.isZero { report(.address, "\"\(mac)\" is no link's address: leave \"address\" out") }
    if mac.isMulticast {
      report(
        .address,
        "\"\(mac)\" is a multicast address, which no link can have; the first octet must be even")
    }
    return mac.isZero || mac.isMulticast ? nil : mac
  }

  private mutating func alias(isOurs: Bool) -> String? {
    guard let alias = optional(.alias, .plainText) else { return nil }
    // IFALIASZ is 256, and the alias also marks a link as ours.
    let limit = isOurs ? 200 : 255
    guard (1...limit).contains(alias.utf8.count) else {
      report(.alias, "must be 1 to \(limit) bytes long, not \(alias.utf8.count)")
      return nil
    }
    return alias
  }

  private mutating func altnames() -> [String]? {
    guard let names = elements(.altnames, .altname) else { return nil }
    var seen: Set<String> = []
    for (index, name) in names.enumerated() {
      if let name, !seen.insert(name).inserted {
        report(.altnames, index, "\(quoted(name)) is stated twice")
      }
    }
    return names.compactMap(\.self)
  }
}

extension Form where Self == WordForm<String> {
  fileprivate static var linkType: Self { linkTypeForm }
}

private let linkTypeForm = WordForm(Device.types.map { ($0, $0) })

extension Form where Self == TextForm<String> {
  fileprivate static var altname: Self { altnameForm }
}

private let altnameForm = TextForm<String>(what: "a name") { text throws(Mismatch) in
  let forbidden = text.utf8.contains { $0 <= 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "/") }
  guard !forbidden, (1...127).contains(text.utf8.count) else {
    throw Mismatch("\(quoted(text)) is no name: 1 to 127 bytes without \"/\" and white space")
  }
  return text
}
