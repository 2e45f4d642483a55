import Model

/// Tells how old a peer's last handshake is.
///
/// The kernel dates handshakes by the machine's clock, which somebody may set. So the date counts only in
/// the first observation; from then on, a handshake is as old as the time for which it was observed.
struct Handshakes {
  private var last: Duration?
  /// The handshake's age at an instant.
  private var then: (age: Duration, at: Instant)?
  private var observed: Instant?

  /// `handshake` and `clock` are since 1970; nil: there was none.
  mutating func observe(_ handshake: Duration?, clock: Duration, at now: Instant) {
    defer { observed = now }
    guard handshake != last else { return }
    last = handshake
    guard let handshake else {
      then = nil
      return
    }
    let age = max(.zero, clock - handshake)
    then = (observed.map { min(age, now - $0) } ?? age, now)
  }

  func age(_ now: Instant) -> Duration? { then.map { $0.age + (now - $0.at) } }
}
