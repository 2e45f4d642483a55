import Model

/// What a probe's attempts leave to the next one, since opening and closing it costs more than
/// asking.
struct Kept {
  private(set) var socket: KeptSocket?
  private(set) var connections: KeptConnections?

  /// For a single attempt, which keeps nothing.
  init() {}

  init(of probe: Probe, _ poller: Poller) {
    // With a link or a source the socket is new each time: the link or address may have been
    // replaced.
    guard probe.source == nil, probe.link == nil else { return }
    switch probe.question {
    case .icmp, .tcp: socket = KeptSocket(poller)
    // gluetun's health server is still asked over a new connection each time.
    case .gluetun: connections = KeptConnections()
    case .http, .udp, .dns, .exec, .file, .address: break
    }
  }

  func close() {
    socket?.close()
    connections?.close()
  }
}
