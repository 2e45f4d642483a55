/// Bytes to and from whom an attempt asks; see ``StreamEvent``.
protocol Stream: AnyObject {
  /// Once it is open.
  func write(_ bytes: [UInt8])
  /// Nothing is told after it.
  func close()
}

/// What becomes of a stream, in this order.
enum StreamEvent: Sendable {
  /// There is a connection; where TLS is wanted, its handshake begins.
  case connected
  /// It takes bytes.
  case open
  /// The kernel has taken all that was written.
  case sent
  case bytes([UInt8])
  /// By the peer, who sends no more.
  case closed
  case failed(ProbeFailure)
}
