/// What a link of type wireguard is told: `wg set`.
public struct WireGuard: Resource {
  public var link: LinkName
  /// Desired only: where the private key is read from.
  public var privateKeyFile: String?
  /// Desired only: what the file holds.
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
  /// Meant, though somebody else made the link.
  public var isAdopted = false
  /// Observed only: the link is ours.
  public var isOwned = false

  public init(_ link: LinkName) { self.link = link }

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
    Property("adopt", value: { $0.isAdopted ? .bool(true) : nil }, agrees: { _, _ in true }),
  ]

  /// What is missing from the link is beyond what the file says.
  public func objection(_ outlook: inout some Outlook) -> String? { nil }

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
  /// Observed only: when the last handshake was, in seconds since 1970; nil: never.
  public var handshake: Int64?
  /// Observed only: its session lives, so that its endpoint is where its packets come from.
  public var isFresh = false

  public init(_ publicKey: PublicKey) { self.publicKey = publicKey }

  public struct Endpoint: Hashable, Sendable {
    /// An address or a name.
    public var host: String
    public var port: UInt16
    /// Nil: the name has none, or wasn't asked for yet.
    public var address: IPAddress?

    public init(address: IPAddress, port: UInt16) {
      (host, self.port, self.address) = (address.description, port, address)
    }

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
        (self.host, self.address) = (address.description, address)
        return
      }
      if let address = IPAddress(String(host)) {
        guard address.family == .inet else { return nil }
        (self.host, self.address) = (address.description, address)
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
      self.host = String(host)
    }

    public var text: String {
      host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    func agrees(with observed: Endpoint?) -> Bool {
      address == nil || (address == observed?.address && port == observed?.port)
    }
  }

  var members: [Value.Member] { [Value.Member("public_key", publicKey.value)] + details }

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
    if presharedKeyFile == nil, keepsPresharedKey { return observed.presharedKey != nil }
    return presharedKey == observed.presharedKey
  }

  /// A peer that moved isn't called back: while its session lives, its packets say where it is.
  public func agreesOnEndpoint(with observed: Self) -> Bool {
    endpoint.map { $0.agrees(with: observed.endpoint) } ?? true
      || (observed.isFresh && observed.endpoint != nil)
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
