/// Bytes to and from a peer that an attempt asks; see ``StreamEvent``.
protocol Stream: AnyObject {
  /// Call it once the stream is open.
  func write(_ bytes: [UInt8])
  /// There are no events after it.
  func close()
}

/// The events of a stream, in this order.
enum StreamEvent: Sendable {
  /// The connection is established; if TLS is wanted, its handshake begins.
  case connected
  /// Bytes can be written.
  case open
  /// The kernel has taken everything that was written.
  case sent
  case bytes([UInt8])
  /// The peer sends no more.
  case closed
  case failed(ProbeFailure)
}
