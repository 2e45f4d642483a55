public import Model

/// A virtual router as configured: one election for both families.
public struct VirtualRouter: Hashable, Sendable {
  /// The VRID: 1 to 255.
  public var id: UInt8
  public var version = Version.v3
  /// 1 to 255; with 255 this router owns the addresses.
  public var priority: UInt8 = 100
  public var interval = Interval.second
  /// Whether to take over from a live master of lower priority. An owner always does.
  public var preempt = true
  /// How long a master of lower priority is left alone.
  public var preemptDelay = Duration.zero
  /// How long it only listens after a start.
  public var startupDelay = Duration.zero
  /// Whether a master that doesn't own the addresses accepts packets to them (Accept_Mode). For
  /// whoever announces; the election doesn't depend on it.
  public var accept = true
  /// The sync group that it moves with; nil: it moves alone.
  public var syncGroup: String?
  /// The families that advertisements are sent and accepted in.
  public var families = PerFamily(inet: true, inet6: false)
  /// The virtual addresses; empty if only the signal is wanted.
  public var addresses: [IPAddress] = []
  /// Unicast peers; empty: multicast.
  public var peers: [IPAddress] = []
  /// What an IPv4 checksum of version 3 covers; nil: whatever that of the last accepted
  /// advertisement did.
  public var checksum: Checksum?
  /// The lowest TTL or hop limit accepted. Below 255 only for unicast across routers, with authentication.
  public var hopLimit: UInt8 = 255
  /// Whether to refuse an advertisement that lists other addresses than ours. Off by default: while
  /// a new address is rolled out, refusing would make two masters.
  public var strictAddresses = false
  public var authentication = Authentication.none

  public init(id: UInt8) { self.id = id }

  public static let owner: UInt8 = 255

  /// RFC 9568 section 5.1: 224.0.0.18 and ff02::12.
  public static let groups = PerFamily(
    inet: IPAddress(v4: 0xe000_0012), inet6: IPAddress(v6High: 0xff02 << 48, low: 0x12))

  /// The virtual addresses of a family, in the order given.
  func addresses(_ family: Family) -> [IPAddress] { addresses.filter { $0.family == family } }
}

extension VirtualRouter {
  public enum Authentication: Hashable, Sendable {
    case none
    /// RFC 2338's type 1, version 2 only: up to 8 bytes in the clear. It only protects against
    /// mistakes.
    case password([UInt8])
    case hmac(Keyring)
  }

  /// What is wrong with the configuration, in words; empty if it is valid.
  public var problems: [String] {
    var problems: [String] = []
    if id == 0 { problems.append("id 0: a virtual router's id is 1 to 255") }
    if priority == 0 {
      problems.append("priority 0 says that a master leaves: a priority is 1 to 255")
    }
    if !families.inet && !families.inet6 {
      problems.append("no family to advertise in: inet, inet6 or both")
    }
    if version == .v2 {
      if families.inet6 { problems.append("version 2 has no IPv6: use version 3") }
      if interval.seconds == nil {
        problems.append("interval \(interval): version 2 has whole seconds, 1s to 40s")
      }
    }
    for family in Family.allCases {
      let count = addresses(family).count
      if count > 255 {
        problems.append("\(count) \(family) addresses: an advertisement holds 255 of a family")
      }
      if count > 0 && !families[family] {
        problems.append("\(family) addresses, but nothing is advertised in \(family)")
      }
      if !peers.isEmpty && families[family] && !peers.contains(where: { $0.family == family }) {
        problems.append("unicast, but no \(family) peer")
      }
    }
    if Set(addresses).count < addresses.count { problems.append("an address is there twice") }
    if preemptDelay < .zero || startupDelay < .zero { problems.append("a delay below 0") }
    switch authentication {
    case .none: break
    case .password(let password):
      if version != .v2 { problems.append("a password: version 3 has none; use HMAC") }
      if !(1...8).contains(password.count) {
        problems.append("a password of \(password.count) bytes: 1 to 8 fit")
      }
    case .hmac(let keys): problems += keys.problems
    }
    return problems
  }
}
