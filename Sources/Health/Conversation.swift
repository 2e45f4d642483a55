/// Sends bytes over a connection, and judges those that come back.
struct Conversation {
  var endpoint: Endpoint
  var send: [UInt8] = []
  /// Nil: it is enough that the connection opens and takes the bytes.
  var judge: Judge?
  /// What it means if the peer closes before there is a verdict.
  var closed: String

  /// Gets the bytes that arrived since the last call; nil: more must come.
  typealias Judge = ([UInt8]) -> Outcome?

  /// Its outcome ends the attempt.
  func hold(in attempt: ProbeAttempt) throws(ProbeFailure) {
    let wait = attempt.wait(for: "connection to \(endpoint)")
    var stream: Connection?
    let purpose: Connection.Purpose =
      !send.isEmpty ? .speaking : judge == nil ? .opening : .listening
    let opened = try Connection(to: endpoint, for: purpose, in: attempt) { event in
      switch event {
      case .connected:
        wait.what = { "answer from \(endpoint)" }
      case .open:
        if send.isEmpty { fallthrough } else { stream?.write(send) }
      case .sent:
        if judge == nil { attempt.end(.good(Finding())) }
      case .bytes(let bytes):
        if let outcome = judge?(bytes) { return attempt.end(outcome) }
        _ = attempt.mayTake(bytes.count, from: endpoint)
      case .closed: attempt.fail(ProbeFailure("\(endpoint) closed: \(closed)", fault: .network))
      case .failed(let failure): attempt.fail(failure)
      }
    }
    stream = opened
    attempt.cleanUp {
      opened.close()
      stream = nil
    }
  }
}
