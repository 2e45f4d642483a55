/// The keys of keepalived's `auth_hmac`, and how strict we are.
public struct Keyring: Hashable, Sendable {
  public struct Key: Hashable, Sendable, CustomStringConvertible {
    public var id: UInt8
    public var bytes: [UInt8]

    public init(id: UInt8, bytes: [UInt8]) {
      self.id = id
      self.bytes = bytes
    }

    /// Never the key itself: this may be logged.
    public var description: String { "key \(id)" }
  }

  public enum Mode: Hashable, Sendable {
    /// Verifies an HMAC if there is one, sends none: the first step of a rollout.
    case receiveOnly
    /// Sends an HMAC, accepts advertisements without one: the second step.
    case permissive
    case enforce
  }

  public var keys: [Key]
  /// The id of the key that signs.
  public var active: UInt8
  public var mode = Mode.enforce
  /// How far the sender's UTC may be from ours, in seconds; nil: its sequence only has to grow.
  public var window: UInt32? = 5

  public init(keys: [Key], active: UInt8) {
    self.keys = keys
    self.active = active
  }

  /// keepalived's limits, so that whatever is valid here is valid there.
  var problems: [String] {
    var problems: [String] = []
    for key in keys where !(32...64).contains(key.bytes.count) {
      problems.append("key \(key.id) has \(key.bytes.count) bytes: 32 to 64 are right")
    }
    if Set(keys.map(\.id)).count < keys.count { problems.append("two keys of one id") }
    if !keys.contains(where: { $0.id == active }) {
      problems.append("key \(active) is to sign, but isn't there")
    }
    if let window, !(1...300).contains(window) {
      problems.append("a window of \(window) s: 1 to 300 s are right")
    }
    return problems
  }
}

/// A reading of CLOCK_REALTIME.
public struct UTC: Hashable, Sendable {
  public var seconds: Int64
  public var nanoseconds: UInt32

  public init(seconds: Int64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// The trailer's sequence: 32 bits of seconds, 16 of their fraction, 16 of a counter, which is 0
  /// here.
  var sequence: UInt64 {
    UInt64(UInt32(truncatingIfNeeded: seconds)) << 32
      | (UInt64(nanoseconds) << 16 / 1_000_000_000 & 0xffff) << 16
  }
}

/// HMAC-SHA256 (RFC 2104) from a library that the caller provides: we write no cryptography of our
/// own.
public typealias HMAC =
  @Sendable (_ key: Span<UInt8>, _ message: Span<UInt8>) -> InlineArray<32, UInt8>
