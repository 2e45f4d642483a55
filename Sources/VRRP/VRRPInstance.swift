public import Model

/// A virtual router of the state file: it says the signal `vrrp.NAME`, up while it is master.
public struct VRRPInstance: InputDeclaration {
  public var name: String
  public var link: LinkName
  /// Without its keys until it is completed.
  public var router: VirtualRouter
  /// The addresses that advertisements are sent from; nil: the link's first that isn't virtual.
  public var sources = PerFamily<IPAddress?>(both: nil)
  /// Nil: the families of the addresses, or of the peers.
  public var families: PerFamily<Bool>?
  /// Whether the file lists the addresses; else they are those that stand while it is master.
  public var hasOwnAddresses = false
  public var tracks: [Track] = []
  /// Nil: the addresses are found at the link's own MAC.
  public var virtualMAC: VirtualMAC?
  public var hmac: KeyFiles?
  public var passwordFile: String?

  /// A condition that weighs on the priority.
  public struct Track: Hashable, Sendable {
    public var when: Condition
    /// Below 0: taken from the priority unless the condition is up; above 0: added while it is. Nil: unless
    /// it is up, this is not to be master.
    public var weight: Int?

    public init(_ when: Condition, weight: Int?) {
      self.when = when
      self.weight = weight
    }
  }

  /// That it has a link with its virtual MAC.
  public struct VirtualMAC: Hashable, Sendable {
    /// Nil: `vrrp4-ID` or `vrrp6-ID`.
    public var link: LinkName?

    public init(link: LinkName?) { self.link = link }
  }

  /// The keys of HMAC authentication, by the files that hold them.
  public struct KeyFiles: Hashable, Sendable {
    public var keys: [Key]
    /// The number of the key that signs.
    public var active: UInt8
    public var mode: Keyring.Mode
    /// In seconds; nil: any.
    public var window: UInt32?

    public struct Key: Hashable, Sendable {
      public var id: UInt8
      public var file: String

      public init(id: UInt8, file: String) {
        self.id = id
        self.file = file
      }
    }

    public init(keys: [Key], active: UInt8, mode: Keyring.Mode, window: UInt32?) {
      self.keys = keys
      self.active = active
      self.mode = mode
      self.window = window
    }
  }

  public init(_ name: String, _ router: VirtualRouter, on link: LinkName) {
    self.name = name
    self.router = router
    self.link = link
  }

  public var signal: Signal { Signal(.vrrp, name) }
  public var tracked: Set<Signal> { tracks.reduce(into: []) { $0.formUnion($1.when.signals) } }

  /// Whether the condition makes an object go when this is no longer master.
  public func decides(_ when: Condition) -> Bool {
    when.state(given: [signal: .down]) == .down
  }

  /// What its advertisements list, where the file doesn't say: the addresses that stand while it is master.
  public mutating func learn(_ objects: [ConditionalObject]) {
    learn(
      objects.compactMap { object in
        guard let address = object.object.as(Address.self), let when = object.when, decides(when)
        else { return nil }
        return address.address.address
      })
  }

  /// By the virtual addresses.
  public mutating func learn(_ addresses: [IPAddress]) {
    var known: Set<IPAddress> = []
    let addresses =
      hasOwnAddresses ? router.addresses : addresses.filter { known.insert($0).inserted }
    let members = router.peers.isEmpty ? addresses : router.peers
    func has(_ family: Family) -> Bool {
      members.isEmpty ? family == .inet : members.contains { $0.family == family }
    }
    var families = families ?? PerFamily(inet: has(.inet), inet6: has(.inet6))
    if self.families == nil, router.version == .v2 {
      families = PerFamily(inet: true, inet6: false)
    }
    router.families = families
    // What is advertised in one family alone may have addresses of the other (keepalived's
    // virtual_ipaddress_excluded).
    router.addresses = hasOwnAddresses ? addresses : addresses.filter { families[$0.family] }
  }
}

extension VRRPInstance {
  /// The priority, and whether it may be master at all. What isn't known yet counts as not up: a router that
  /// starts takes nothing over before it knows that it is able to.
  public func weighed(given states: [Signal: Signal.State]) -> (priority: UInt8, isBarred: Bool) {
    var (priority, isBarred) = (Int(router.priority), false)
    for track in tracks {
      let isUp = track.when.state(given: states) == .up
      guard let weight = track.weight else {
        isBarred = isBarred || !isUp
        continue
      }
      if isUp == (weight > 0) { priority += weight }
    }
    // An owner's priority isn't to be weighed (RFC 9568, section 6.1).
    if router.priority == VirtualRouter.owner { return (VirtualRouter.owner, isBarred) }
    return (UInt8(min(max(priority, 1), 254)), isBarred)
  }
}

extension VRRPInstance {
  public var capabilityNeeds: [CapabilityNeed] {
    [
      CapabilityNeed(.rawSockets, for: "\(signal)"),
      CapabilityNeed(.realTime, for: "\(signal)", isOptional: true),
      CapabilityNeed(.lockMemory, for: "\(signal)", isOptional: true),
    ]
  }

  public var needsSurroundings: Bool { passwordFile != nil || hmac != nil }

  public func completed(by surroundings: some Surroundings) throws(Incompleteness) -> Self {
    var copy = self
    if let passwordFile {
      let password = Self.trimmed(try surroundings.secret(at: passwordFile))
      guard (1...8).contains(password.count) else {
        throw Incompleteness(
          "password_file \(passwordFile) holds \(password.count) bytes: 1 to 8 are a password")
      }
      copy.router.authentication = .password(password)
    }
    if let hmac {
      var keys: [Keyring.Key] = []
      for key in hmac.keys {
        guard let bytes = Self.hex(Self.trimmed(try surroundings.secret(at: key.file))) else {
          throw Incompleteness(
            "key \(key.id), \(key.file), holds no key: write 64 to 128 hex digits, as "
              + "`openssl rand -hex 32` prints them")
        }
        keys.append(Keyring.Key(id: key.id, bytes: bytes))
      }
      var keyring = Keyring(keys: keys, active: hmac.active)
      keyring.mode = hmac.mode
      keyring.window = hmac.window
      copy.router.authentication = .hmac(keyring)
    }
    // What else is wrong is the file's own, and may only seem so before it has learnt its addresses.
    let known = router.problems
    if let problem = copy.router.problems.first(where: { !known.contains($0) }) {
      throw Incompleteness(problem)
    }
    return copy
  }

  private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
    let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
    return Array(bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }

  /// 32 to 64 bytes.
  private static func hex(_ text: [UInt8]) -> [UInt8]? {
    guard (64...128).contains(text.count), text.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: text.count, by: 2) {
      guard let high = digit(text[index]), let low = digit(text[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
