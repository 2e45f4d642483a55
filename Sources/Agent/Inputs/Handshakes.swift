import Model

/// How old a peer's last handshake is.
///
/// The kernel dates handshakes by the machine's clock, which may be set meanwhile: only at the first look
/// does that count. From then on a handshake is as old as it has been watched.
struct Handshakes {
  private var last: Duration?
  /// How old it was, and when.
  private var then: (age: Duration, at: Instant)?
  private var looked: Instant?

  /// `handshake` and `clock` are since 1970; nil: there was none.
  mutating func observe(_ handshake: Duration?, clock: Duration, at now: Instant) {
    defer { looked = now }
    guard handshake != last else { return }
    last = handshake
    guard let handshake else {
      then = nil
      return
    }
    let age = max(.zero, clock - handshake)
    then = (looked.map { min(age, now - $0) } ?? age, now)
  }

  func age(_ now: Instant) -> Duration? { then.map { $0.age + (now - $0.at) } }
}
