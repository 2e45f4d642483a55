internal import JSON
internal import Model

enum WireGuardKey: Int, ConditionalKey {
  case link, privateKeyFile, publicKey, listenPort, fwmark, peers, handshakeTimeout, adopt, when

  static let names = spelledNames()
  static let example =
    "{ \"link\": \"wg0\", \"private_key_file\": \"/etc/vpn-gateway/wg0.key\", \"peers\": [...] }"
}

enum WireGuardPeerKey: Int, ObjectKey {
  case publicKey, name, presharedKeyFile, preshared, endpoint, allowedIps, persistentKeepalive

  static let names = spelledNames()
  static let example =
    "{ \"public_key\": \"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\", \"allowed_ips\": [...] }"
}

enum WireGuardSection: ListSection {
  static let key = "wireguard"
  static let source: Signal.Source? = .wireguard

  static func read(_ object: inout ObjectReader<WireGuardKey>) -> Declared<WireGuard>? {
    let item = object.wireGuard()
    let when = object.when()
    return item.map { Declared($0, when: when) }
  }

  static func links(of item: WireGuard) -> [(name: LinkName?, key: String)] {
    [(item.link, "link")]
  }

  static func check(_ check: CrossCheck) {
    let section = check.contents[WireGuard.self]
    check.checkIdentities(of: WireGuard.self)
    check.checkLinks(of: WireGuard.self, links)
    let links = check.contents[Link.self]
    for (position, item) in section.items.enumerated() {
      if let link = check.links[item.link], let device = link.device, device != .wireguard {
        check.findings.report(
          at: section.pointer(position, "link"),
          "link \"\(item.link)\" is of another type: only links of type \"wireguard\" have peers")
      }
      let own = Set(item.peers.map(item.signal))
      func report(_ when: Condition?, _ pointer: Pointer) {
        guard let signal = when?.signals.first(where: own.contains) else { return }
        check.findings.report(
          at: pointer, "it waits for \(signal), which can't come up before it is there")
      }
      report(section.when(position), section.pointer(position, "when"))
      for (position, link) in links.items.enumerated() where link.name == item.link {
        report(links.when(position), links.pointer(position, "when"))
      }
    }
  }

  /// What a peer that couldn't be read may be called isn't known.
  static func signals(_ check: CrossCheck) -> SignalNames? {
    if check.findings.drafts.contains(where: { $0.pointer.components.first == .key(key) }) {
      return nil
    }
    let names = check.contents[WireGuard.self].items.flatMap { device in
      device.peers.map { device.signal(of: $0).name }
    }
    return SignalNames(noun: "peer", declared: Set(names))
  }
}

extension ObjectReader<WireGuardKey> {
  fileprivate mutating func wireGuard() -> WireGuard? {
    let link = required(.link, .link)
    var device = WireGuard(link ?? .loopback)
    device.privateKeyFile = optional(.privateKeyFile, .absolutePath)
    device.publicKey = optional(.publicKey, .publicKey)
    if !has(.privateKeyFile), !has(.publicKey) {
      reportMissing(
        .privateKeyFile, ", the file that `wg genkey` wrote, or \"public_key\" to keep its key")
    }
    device.listenPort = optional(.listenPort, .uint16(1, to: 65535))
    device.mark = optional(.fwmark, .mark)
    if let mark = device.mark, mark.mask != .max || mark.bits == 0 {
      report(.fwmark, "must be a single mark from \"0x1\" to \"0xffffffff\", not \"\(mark)\"")
    }
    // The kernel renews a session after REKEY_AFTER_TIME, 120 s, with the next packet.
    let timeout = optional(
      .handshakeTimeout, .duration(.seconds(120) ... .seconds(86_400), step: .seconds(1)))
    device.handshakeTimeout = (timeout ?? nil) ?? device.handshakeTimeout
    device.isAdopted = optional(.adopt, .bool) ?? false
    var peers: [WireGuardPeer] = []
    var owners: [Prefix: PublicKey] = [:]
    _ = each(.peers, of: "peer") { (object: inout ObjectReader<WireGuardPeerKey>, _) in
      guard let peer = object.peer() else { return }
      if peers.contains(where: { $0.publicKey == peer.publicKey }) {
        object.report(.publicKey, "another peer of \(device.link) has this key already")
      }
      if let name = peer.name, peers.contains(where: { $0.name == name }) {
        object.report(.name, "another peer of \(device.link) has this name already")
      }
      if peer.publicKey == device.publicKey {
        object.report(.publicKey, "this is the link's own key: state that of the other end")
      }
      for prefix in peer.allowedIPs {
        if let owner = owners.updateValue(peer.publicKey, forKey: prefix) {
          object.report(
            .allowedIps, "\"\(prefix)\" is that of peer \(owner) already, and only one can have it")
        }
      }
      peers.append(peer)
    }
    device.peers = peers
    return link == nil ? nil : device
  }
}

extension ObjectReader<WireGuardPeerKey> {
  fileprivate mutating func peer() -> WireGuardPeer? {
    let publicKey = required(.publicKey, .publicKey)
    let name = optional(.name, peerNameForm)
    let file = optional(.presharedKeyFile, .absolutePath)
    let isPreshared = optional(.preshared, .flag)
    if file != nil, isPreshared != nil {
      refuse(.preshared, "\"preshared\" keeps the key that is there: leave it out beside a file")
    }
    let endpoint = optional(.endpoint, .endpoint)
    let allowed = has(.allowedIps) ? oneOrMore(.allowedIps, .network, mayBeEmpty: true) : []
    if let allowed, Set(allowed).count < allowed.count {
      report(.allowedIps, "states a prefix twice")
    }
    let keepalive = optional(
      .persistentKeepalive, .duration(.seconds(1) ... .seconds(65535), step: .seconds(1)))
    guard let publicKey else { return nil }
    var peer = WireGuardPeer(publicKey)
    peer.name = name
    peer.presharedKeyFile = file
    peer.keepsPresharedKey = isPreshared ?? false
    peer.endpoint = endpoint
    peer.allowedIPs = allowed ?? []
    peer.keepalive = ((keepalive ?? nil)?.components.seconds).map { UInt16($0) } ?? 0
    return peer
  }
}

extension Form where Self == TextForm<PublicKey> {
  static var publicKey: Self { publicKeyForm }
}

extension Form where Self == TextForm<WireGuardPeer.Endpoint> {
  static var endpoint: Self { endpointForm }
}

private let peerNameForm = TextForm.name(of: "peer", most: 63)

private let publicKeyForm = TextForm<PublicKey>(
  what: "a public key such as \"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\""
) { text throws(Mismatch) in
  // Not shown: it may be a private one, in the wrong place.
  guard let key = PublicKey(text) else {
    throw Mismatch(
      "this is no public key: write the 44 characters that `wg pubkey` prints, which end in \"=\"")
  }
  return key
}

private let endpointForm = TextForm<WireGuardPeer.Endpoint>(
  what: "an endpoint such as \"192.0.2.1:51820\""
) { text throws(Mismatch) in
  guard let endpoint = WireGuardPeer.Endpoint(text) else {
    throw Mismatch(
      "\(quoted(text)) is no endpoint; write an address or a name with a port, such as "
        + "\"192.0.2.1:51820\", \"[2001:db8::1]:51820\" or \"vpn.example.net:51820\"")
  }
  return endpoint
}
