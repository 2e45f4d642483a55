import Model

/// One try of a probe under way: it ends once, by an answer, a failure or its timeout, and with it
/// all that it opened.
///
/// It lives on its poller's thread.
final class Try {
  let poller: Poller
  let origin: Origin
  let timeout: Duration
  private var whenOver: ((Outcome) -> Void)?
  private var timer: Poller.Timer?
  private var cleanups: [() -> Void] = []
  private var waits: [Wait] = []
  var kept = Kept()
  /// What it asks over HTTP; a try that has ended has none.
  var exchanges: [HTTPExchange] = []
  /// Whether it asks a gateway for its forwarded port as well.
  var asksPort = true
  /// Whether it has read a gateway's public address.
  var hasAddress = false
  /// What kind of failure it comes to, if it fails.
  private(set) var fault = Trial.Fault.answer

  /// Something that the try waits for; to be told when it doesn't come in time.
  final class Wait {
    /// Stands before the reason, if a try waits for several.
    let label: String
    /// Such as `answer from 10.0.0.1:80`; made only when it is said.
    var what: () -> String
    /// What the try comes to without it; nil: a failure.
    let otherwise: (() -> Outcome)?

    init(_ label: String, _ what: @escaping () -> String, otherwise: (() -> Outcome)?) {
      self.label = label
      self.what = what
      self.otherwise = otherwise
    }
  }

  init(
    _ poller: Poller, origin: Origin, timeout: Duration,
    whenOver: @escaping (Outcome) -> Void
  ) {
    self.poller = poller
    self.origin = origin
    self.timeout = timeout
    self.whenOver = whenOver
    timer = poller.at(poller.beginning + timeout) { self.timedOut() }
  }

  var isOver: Bool { whenOver == nil }

  func end(_ outcome: Outcome) {
    guard let whenOver else { return }
    self.whenOver = nil
    timer?.cancel()
    timer = nil
    for cleanup in cleanups { cleanup() }
    cleanups = []
    waits = []
    whenOver(outcome)
    exchanges = []
  }

  func fail(_ reason: String) { end(.bad(reason)) }

  func fail(_ failure: Failure) {
    if !isOver { fault = failure.fault }
    end(.bad(failure.description))
  }

  /// Ends it without an outcome.
  func cancel() {
    whenOver = { _ in }
    end(.bad("stopped"))
  }

  /// Does something when the try ends, or now if it has.
  func cleanUp(_ cleanup: @escaping () -> Void) {
    if isOver { cleanup() } else { cleanups.append(cleanup) }
  }

  func wait(
    for what: @autoclosure @escaping () -> String, label: String = "",
    otherwise: (() -> Outcome)? = nil
  ) -> Wait {
    let wait = Wait(label, what, otherwise: otherwise)
    waits.append(wait)
    return wait
  }

  func came(_ wait: Wait) { waits.removeAll { $0 === wait } }

  private func timedOut() {
    fault = .timeout
    if let wait = waits.first(where: { $0.otherwise == nil }) ?? waits.first {
      end(wait.otherwise?() ?? .bad("\(wait.label)no \(wait.what()) within \(timeout.text)"))
    } else {
      fail("not done within \(timeout.text)")
    }
  }
}
