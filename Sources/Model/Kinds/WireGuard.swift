/// What a link of type wireguard is told: `wg set`.
public struct WireGuard: Resource {
  public var link: LinkName
  /// Desired only: where the private key is read from.
  public var privateKeyFile: String?
  /// Desired: what the file holds; observed: what the kernel has.
  public var privateKey: SecretKey?
  /// Nil: whatever the link has.
  public var publicKey: PublicKey?
  /// Nil: the one that the kernel picked.
  public var listenPort: UInt16?
  /// Of the packets that carry the tunnel.
  public var mark: Mark?
  /// By their public keys.
  public var peers: [WireGuardPeer] = [] {
    didSet { peers.sort { $0.publicKey < $1.publicKey } }
  }
  /// Desired only: a peer whose last handshake is older counts as down.
  public var handshakeTimeout = Self.sessionLifetime
  /// Meant, though somebody else made the link.
  public var isAdopted = false
  /// Observed only: the link is ours.
  public var isOwned = false

  public init(_ link: LinkName) { self.link = link }

  /// REJECT_AFTER_TIME of WireGuard's paper: an older session takes no packet.
  public static let sessionLifetime = Duration.seconds(180)

  public static let name = "wireguard"
  public static let noun = "WireGuard configuration"
  public var id: Link.ID { Link.ID(link) }
  /// As what else a link is told.
  public var phase: Phase { .fdb }
  public var requirements: [Requirement] { [.link(link)] }
  public func mayChange(_ observed: Self) -> Bool { observed.isOwned || isAdopted }

  public var takenForOurs: Self {
    var ours = self
    ours.isOwned = true
    return ours
  }
  public static var staysOursWhenReplaced: Bool { false }

  public static let properties: [Property<WireGuard>] = [
    .identity("link") { $0.link },
    // The kernel doesn't know where a key came from: the public key says whether it is the one.
    Property(
      "private_key_file", value: { $0.privateKeyFile.map(Value.string) }, agrees: { _, _ in true }),
    .stated("public_key") { $0.publicKey },
    .stated("listen_port") { $0.listenPort },
    .exact("fwmark") { $0.mark },
    Property(
      "peers", value: { $0.peers.isEmpty ? nil : .list($0.peers.map { .members($0.members) }) },
      agrees: { desired, observed in
        desired.peers.count == observed.peers.count
          && zip(desired.peers, observed.peers).allSatisfy { $0.agrees(with: $1) }
      },
      details: { desired, observed in desired.peerDifferences(from: observed) }),
    Property(
      "handshake_timeout",
      value: {
        $0.handshakeTimeout == Self.sessionLifetime ? nil : .string($0.handshakeTimeout.text)
      }, agrees: { _, _ in true }),
    Property("adopt", value: { $0.isAdopted ? .bool(true) : nil }, agrees: { _, _ in true }),
  ]

  /// What says that a peer's session lives: `wireguard.LINK.PEER`.
  public func signal(of peer: WireGuardPeer) -> Signal {
    Signal(.wireguard, "\(link).\(peer.name ?? "\(peer.publicKey)")")
  }

  private func peerDifferences(from observed: WireGuard?) -> [Difference] {
    let present = Dictionary(
      (observed?.peers ?? []).map { ($0.publicKey, $0) }, uniquingKeysWith: { first, _ in first })
    var differences: [Difference] = []
    for peer in peers {
      let name = "peer \(peer.publicKey)"
      guard let old = present[peer.publicKey] else {
        differences.append(
          Difference(name, old: nil, new: .members(peer.details), sort: .member))
        continue
      }
      differences += peer.differences(from: old).map {
        Difference("\(name) \($0.name)", old: $0.old, new: $0.new)
      }
    }
    let wanted = Set(peers.map(\.publicKey))
    for peer in observed?.peers ?? [] where !wanted.contains(peer.publicKey) {
      differences.append(
        Difference(
          "peer \(peer.publicKey)", old: .members(peer.details), new: nil, sort: .member))
    }
    return differences
  }
}

/// The other end of a tunnel.
public struct WireGuardPeer: Hashable, Sendable {
  public var publicKey: PublicKey
  /// Desired only: what its signal calls it; nil: by its key.
  public var name: String?
  public var presharedKeyFile: String?
  /// Desired: what the file holds; observed: what the kernel has.
  public var presharedKey: SecretKey?
  /// Desired, without a file: there is a preshared key, whichever.
  public var keepsPresharedKey = false
  /// Nil: the peer calls first.
  public var endpoint: Endpoint?
  /// Sorted; each belongs to one peer of a link.
  public var allowedIPs: [Prefix] = [] { didSet { allowedIPs.sort() } }
  /// In seconds; 0: none.
  public var keepalive: UInt16 = 0
  /// Observed only: how long ago the last handshake was; nil: there was none.
  public var handshakeAge: Duration?
  /// Observed only: the endpoint that the file had when it was last set, where that is known.
  public var statedEndpoint: String?

  public init(_ publicKey: PublicKey) { self.publicKey = publicKey }

  /// Whether its session lives, so that its endpoint is where its packets come from.
  var isFresh: Bool { handshakeAge.map { $0 < WireGuard.sessionLifetime } ?? false }

  public struct Endpoint: Hashable, Sendable {
    /// An address or a name.
    public var host: String
    public var port: UInt16
    /// Of a name whatever it stands for, preferred first; empty: it has no address, or wasn't asked
    /// for yet.
    public var addresses: [IPAddress]

    public init(address: IPAddress, port: UInt16) {
      (host, self.port, addresses) = (address.description, port, [address])
    }

    /// Nil where the host is an address.
    public var hostName: String? { addresses.first?.description == host ? nil : host }

    /// `192.0.2.1:51820`, `[2001:db8::1]:51820`, `vpn.example.net:51820`; nil for anything else.
    public init?(_ text: String) {
      guard let colon = text.lastIndex(of: ":"),
        let port = UInt16(text[text.index(after: colon)...]), port > 0,
        text[text.index(after: colon)...].utf8.allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      var host = text[..<colon]
      self.port = port
      if host.hasPrefix("["), host.hasSuffix("]") {
        host = host.dropFirst().dropLast()
        guard let address = IPAddress(String(host)), address.family == .inet6 else { return nil }
        (self.host, addresses) = (address.description, [address])
        return
      }
      if let address = IPAddress(String(host)) {
        guard address.family == .inet else { return nil }
        (self.host, addresses) = (address.description, [address])
        return
      }
      let labels = host.split(separator: ".", omittingEmptySubsequences: false)
      let isName =
        host.utf8.count <= 253
        && labels.allSatisfy { label in
          (1...63).contains(label.utf8.count)
            && label.utf8.allSatisfy { byte in
              (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
        } && labels.last?.utf8.contains { $0 > 0x39 } ?? false
      guard isName else { return nil }
      (self.host, addresses) = (String(host), [])
    }

    public var text: String {
      host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// A name that has several addresses stays at the one that is there.
    func agrees(with observed: Endpoint?) -> Bool {
      guard !addresses.isEmpty else { return true }
      guard let observed, let present = observed.addresses.first else { return false }
      return port == observed.port && addresses.contains(present)
    }
  }

  var members: [Value.Member] {
    let name = name.map { [Value.Member("name", .string($0))] } ?? []
    return [Value.Member("public_key", publicKey.value)] + name + details
  }

  /// What it states beyond its key. Keys that nobody may see aren't among it.
  var details: [Value.Member] {
    var members: [Value.Member] = []
    if let presharedKeyFile {
      members.append(Value.Member("preshared_key_file", .string(presharedKeyFile)))
    } else if presharedKey != nil || keepsPresharedKey {
      members.append(Value.Member("preshared", .bool(true)))
    }
    if let endpoint { members.append(Value.Member("endpoint", .string(endpoint.text))) }
    if !allowedIPs.isEmpty { members.append(Value.Member("allowed_ips", allowedIPs.value)) }
    if keepalive > 0 {
      members.append(
        Value.Member("persistent_keepalive", .string(Duration.seconds(Int(keepalive)).text)))
    }
    return members
  }

  public func agreesOnPresharedKey(with observed: Self) -> Bool {
    if presharedKeyFile == nil, keepsPresharedKey {
      return observed.presharedKey != nil || observed.keepsPresharedKey
    }
    // A captured state tells only that there is one.
    if observed.keepsPresharedKey { return presharedKey != nil }
    return presharedKey == observed.presharedKey
  }

  /// A peer may roam: while its session lives, its packets say where it is, unless the file has said
  /// something else since its endpoint was set.
  public func agreesOnEndpoint(with observed: Self) -> Bool {
    guard let endpoint, !endpoint.agrees(with: observed.endpoint) else { return true }
    guard observed.isFresh, observed.endpoint != nil else { return false }
    return observed.statedEndpoint ?? endpoint.text == endpoint.text
  }

  func agrees(with observed: Self) -> Bool {
    publicKey == observed.publicKey && differences(from: observed).isEmpty
  }

  func differences(from observed: Self) -> [Difference] {
    var differences: [Difference] = []
    func add(_ name: String, _ old: Value?, _ new: Value?) {
      differences.append(Difference(name, old: old, new: new))
    }
    if !agreesOnPresharedKey(with: observed) {
      add(
        "preshared_key", observed.presharedKey.map { _ in .string("(set)") },
        presharedKey.map { _ in .string(observed.presharedKey == nil ? "(set)" : "(changed)") })
    }
    if !agreesOnEndpoint(with: observed) {
      add(
        "endpoint", observed.endpoint.map { .string($0.text) },
        endpoint.map { .string($0.text) })
    }
    if allowedIPs != observed.allowedIPs {
      add("allowed_ips", observed.allowedIPs.value, allowedIPs.value)
    }
    if keepalive != observed.keepalive {
      add(
        "persistent_keepalive", .string(Duration.seconds(Int(observed.keepalive)).text),
        .string(Duration.seconds(Int(keepalive)).text))
    }
    return differences
  }
}

extension NetworkState {
  public var wireGuards: [WireGuard] {
    get { self[WireGuard.self] }
    _modify { yield &self[WireGuard.self] }
  }
}

extension DesiredState {
  /// All that it may tell links of type wireguard, whatever the signals say.
  public var allWireGuards: [WireGuard] {
    unconditional.wireGuards + conditional.compactMap { $0.object.as(WireGuard.self) }
  }

  /// The signals of peers: up while the last handshake is young enough, down also if the link or the
  /// peer doesn't exist.
  public func handshakeSignals(in observed: NetworkState) -> [Signal: Signal.State] {
    let ages = observed.wireGuards.reduce(into: [Signal: Duration]()) { ages, device in
      for peer in device.peers {
        // As observed it has no name.
        ages[device.signal(of: peer)] = peer.handshakeAge
      }
    }
    var states: [Signal: Signal.State] = [:]
    for device in allWireGuards {
      for peer in device.peers where states[device.signal(of: peer)] != .up {
        let age = ages[device.signal(of: WireGuardPeer(peer.publicKey))]
        let isYoung = age.map { $0 < device.handshakeTimeout } ?? false
        states[device.signal(of: peer)] = isYoung ? .up : .down
      }
    }
    return states
  }
}

extension WireGuard {
  public static var needsSurroundings: Bool { true }

  public func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Self {
    var copy = self
    if let privateKeyFile {
      let secret = try surroundings.key(
        in: privateKeyFile, "private_key_file", madeBy: "wg genkey", at: "private_key_file")
      let own = secret.publicKey
      let words = "private_key_file \(privateKeyFile) holds the private key of \(own)"
      if let publicKey, publicKey != own {
        throw Incompleteness("\(words), but public_key is \(publicKey)", key: "private_key_file")
      }
      if peers.contains(where: { $0.publicKey == own }) {
        throw Incompleteness("\(words), which is that of a peer", key: "private_key_file")
      }
      (copy.privateKey, copy.publicKey) = (secret, own)
    }
    for (index, peer) in peers.enumerated() {
      if let path = peer.presharedKeyFile {
        copy.peers[index].presharedKey = try surroundings.key(
          in: path, "peer \(peer.name ?? "\(peer.publicKey)"): preshared_key_file",
          madeBy: "wg genpsk", at: "peers")
      }
      if let name = peer.endpoint?.hostName {
        copy.peers[index].endpoint?.addresses = surroundings.addresses(of: name)
      }
    }
    return copy
  }
}

extension Surroundings {
  fileprivate func key(
    in path: String, _ words: String, madeBy command: String, at key: String
  ) throws(Incompleteness) -> SecretKey {
    let bytes: [UInt8]
    do throws(Incompleteness) {
      bytes = try secret(at: path)
    } catch {
      throw Incompleteness("\(words): \(error)", key: key)
    }
    guard let secret = SecretKey(file: bytes) else {
      throw Incompleteness(
        "\(words): \(path) holds no key: write the 44 characters there that `\(command)` prints",
        key: key)
    }
    return secret
  }
}
