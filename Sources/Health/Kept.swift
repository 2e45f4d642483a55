import Model

/// What a probe's attempts leave to the next one, since to open and close it costs more than to ask.
struct Kept {
  private(set) var socket: KeptSocket?
  private(set) var connections: KeptConnections?

  /// Of an attempt that is the only one.
  init() {}

  init(of probe: Probe, _ poller: Poller) {
    // By a link, or from an address, each time anew: what it was may be another one.
    guard probe.source == nil, probe.link == nil else { return }
    switch probe.question {
    case .icmp, .tcp: socket = KeptSocket(poller)
    // Its health server is asked over a new connection each time.
    case .gluetun: connections = KeptConnections()
    case .http, .udp, .dns, .exec, .file: break
    }
  }

  func close() {
    socket?.close()
    connections?.close()
  }
}
