import Model

/// Signs and verifies the trailer of keepalived's `auth_hmac`, 28 bytes after the message:
///
///     scheme (1) | key | 0, 0 | seconds of UTC, 4 | fraction, 2 | counter, 2 | HMAC-SHA256's first 16 bytes
///
/// The HMAC covers: family (4 or 6), version, id, 0, the source in 16 bytes; the message with its
/// checksum as 0; the trailer with its HMAC as 0. The destination isn't covered: one copy serves
/// all peers.
struct Authenticator: Sendable {
  static let trailer = 28
  private static let codeOffset = 12
  private static let pseudo = 20

  /// A sender's newest sequence number.
  private struct NewestSequence {
    var source: IPAddress?
    var sequence: UInt64 = 0
    var used: UInt64 = 0
  }

  let keyring: Keyring
  /// The index of the key that signs.
  private let active: Int
  private let hmac: HMAC
  private var sent: UInt64 = 0
  // With multicast, only their packets identify senders, and only those that hold a key get here.
  private var newest: [NewestSequence]
  private var uses: UInt64 = 0
  private var scratch: [UInt8]

  init(_ keyring: Keyring, peers: [IPAddress], hmac: @escaping HMAC) {
    self.keyring = keyring
    active = keyring.keys.firstIndex { $0.id == keyring.active }!
    self.hmac = hmac
    newest =
      peers.isEmpty
      ? Array(repeating: NewestSequence(), count: 8) : peers.map { NewestSequence(source: $0) }
    scratch = Array(repeating: 0, count: Self.pseudo + Codec.capacity)
  }

  /// Writes the trailer after the first `count` bytes of `buffer`.
  mutating func sign(
    _ buffer: inout MutableSpan<UInt8>, count: Int, source: IPAddress, utc: UTC
  ) {
    let sequence = next(utc)
    buffer[count] = 1
    buffer[count + 1] = keyring.active
    buffer[count + 2] = 0
    buffer[count + 3] = 0
    for i in 0..<8 {
      buffer[count + 4 + i] = UInt8(truncatingIfNeeded: sequence >> UInt64(56 - 8 * i))
    }
    let code = code(buffer.span, count: count, source: source, key: active)
    for i in 0..<16 { buffer[count + Self.codeOffset + i] = code[i] }
  }

  /// Always grows; once the clock was set back by more than peers allow, starts again from the
  /// clock.
  private mutating func next(_ utc: UTC) -> UInt64 {
    let clock = utc.sequence
    if Self.isAfter(clock, sent) || sent == 0 {
      sent = clock
    } else if let window = keyring.window, Self.isStale(sent, utc, window) {
      sent = clock
    } else {
      sent &+= 1
    }
    return sent
  }

  /// Verifies a message of `count` bytes that is followed by a trailer.
  mutating func verify(
    _ message: Span<UInt8>, count: Int, source: IPAddress, utc: UTC
  ) throws(Discard) {
    guard message[count] == 1, message.u16(at: count + 2) == 0 else { throw Discard(.trailer) }
    let sequence = message.u64(at: count + 4)
    // Before the costly HMAC: a stale message is refused in any case.
    if let window = keyring.window, Self.isStale(sequence, utc, window) {
      let seconds = Int32(truncatingIfNeeded: utc.seconds &- Int64(sequence >> 32))
      throw Discard(.stale, found: Int(seconds.magnitude), expected: Int(window))
    }
    let id = message[count + 1]
    guard let key = keyring.keys.firstIndex(where: { $0.id == id }) else {
      throw Discard(.key, found: Int(id))
    }
    let code = code(message, count: count, source: source, key: key)
    var difference: UInt8 = 0  // in constant time: nobody learns how many bytes were right
    for i in 0..<16 { difference |= code[i] ^ message[count + Self.codeOffset + i] }
    guard difference == 0 else { throw Discard(.hmac) }
    try advance(source, to: sequence, utc)
  }

  /// Advances the sender's newest sequence, which only grows; outside the window it no longer
  /// counts.
  private mutating func advance(
    _ source: IPAddress, to sequence: UInt64, _ utc: UTC
  ) throws(Discard) {
    uses += 1
    var index = 0
    for i in newest.indices {
      if newest[i].source == source {
        index = i
        break
      }
      if newest[i].used < newest[index].used { index = i }
    }
    if newest[index].source != source { newest[index] = NewestSequence(source: source) }
    let isSet = newest[index].used > 0
    let isExpired = keyring.window.map { Self.isStale(newest[index].sequence, utc, $0) } ?? false
    guard !isSet || isExpired || Self.isAfter(sequence, newest[index].sequence) else {
      throw Discard(.replay)
    }
    newest[index].sequence = sequence
    newest[index].used = uses
  }

  private mutating func code(
    _ message: Span<UInt8>, count: Int, source: IPAddress, key: Int
  ) -> InlineArray<32, UInt8> {
    let end = count + Self.codeOffset
    fill(message, end, source)
    let secret = keyring.keys[key].bytes
    return hmac(secret.span, scratch.span.extracting(..<(Self.pseudo + end + 16)))
  }

  private mutating func fill(_ message: Span<UInt8>, _ end: Int, _ source: IPAddress) {
    var input = scratch.mutableSpan
    input[0] = source.family == .inet ? 4 : 6
    input[1] = message[0] >> 4
    input[2] = message[1]
    for i in 3..<Self.pseudo { input[i] = 0 }
    input.put(source, at: 4)
    for i in 0..<end { input[Self.pseudo + i] = i == 6 || i == 7 ? 0 : message[i] }
    for i in end..<end + 16 { input[Self.pseudo + i] = 0 }
  }

  /// Compares by serial number arithmetic (RFC 1982), which is also right across the wrap in 2106.
  private static func isAfter(_ a: UInt64, _ b: UInt64) -> Bool {
    Int64(bitPattern: a &- b) > 0
  }

  private static func isStale(_ sequence: UInt64, _ utc: UTC, _ window: UInt32) -> Bool {
    Int32(truncatingIfNeeded: utc.seconds &- Int64(sequence >> 32)).magnitude > window
  }
}
