import Model

/// One attempt of a probe in progress. It ends once, by an answer, a failure or its timeout, and
/// everything that it opened ends with it.
///
/// Lives on its poller's thread.
final class ProbeAttempt {
  let poller: Poller
  let origin: ProbeOrigin
  let timeout: Duration
  private var whenOver: ((Outcome) -> Void)?
  private var timer: Poller.Timer?
  private var cleanups: [() -> Void] = []
  private var waits: [Wait] = []
  var kept = Kept()
  /// Its HTTP exchanges; empty once the attempt has ended.
  var exchanges: [HTTPExchange] = []
  /// Whether it also asks a gateway for its forwarded port.
  var asksPort = true
  /// Whether it also asks gluetun for its public address, which a source may say instead.
  var asksAddress = true
  /// What the probe's sources of public addresses have said so far.
  var knowsAddress = false
  var addressNote: String?
  /// Whether it has learned a gateway's public address.
  var hasAddress = false
  /// The kind of its failure, if it fails.
  private(set) var fault = AttemptReport.Fault.answer
  /// How much it may still receive.
  private var budget = ProbeAttempt.mostReceived

  /// How many bytes an attempt accepts from everyone that it asks: whoever sends more than any
  /// answer needs is cut off, in whatever form it arrives.
  static let mostReceived = 1 << 17

  /// What an event costs of this: a minimum too, so that nobody sends byte by byte.
  static func cost(of count: Int) -> Int { max(count, 64) }

  /// The maximum length of a reason, in characters.
  static let longestReason = 200
  /// The maximum length of a note, which also says what to do.
  static let longestNote = 400

  /// Something that the attempt waits for, to be reported if it doesn't arrive in time.
  final class Wait {
    /// Precedes the reason if an attempt waits for several things.
    let label: String
    /// Such as `answer from 10.0.0.1:80`; computed only when it is needed.
    var what: () -> String
    /// The outcome without it; nil: a failure.
    let otherwise: (() -> Outcome)?
    /// What to check if it doesn't arrive.
    var hint: String?
    /// A failure that is certain already, while only its explanation is waited for.
    var failure: ProbeFailure?

    init(_ label: String, _ what: @escaping () -> String, otherwise: (() -> Outcome)?) {
      self.label = label
      self.what = what
      self.otherwise = otherwise
    }
  }

  init(
    _ poller: Poller, origin: ProbeOrigin, timeout: Duration,
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
    let outcome = outcome.bounded
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

  func fail(_ failure: ProbeFailure) {
    if !isOver { fault = failure.fault }
    end(failure.fault == .ours ? .unasked(failure.description) : .bad(failure.description))
  }

  /// Counts bytes that arrived; fails the attempt, and returns false, if they exceed its limit.
  func mayTake(_ count: Int, from endpoint: Endpoint) -> Bool {
    budget -= Self.cost(of: count)
    if budget < 0 { fail(endpoint.sendsTooMuch) }
    return budget >= 0
  }

  /// Ends it without an outcome.
  func cancel() {
    whenOver = { _ in }
    end(.bad("stopped"))
  }

  /// Runs the cleanup when the attempt ends, or at once if it has ended.
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
    if let failure = waits.lazy.compactMap(\.failure).first { return fail(failure) }
    fault = .timeout
    if let wait = waits.first(where: { $0.otherwise == nil }) ?? waits.first {
      if let otherwise = wait.otherwise { return end(otherwise()) }
      let hint = wait.hint.map { " (\($0))" } ?? ""
      end(.bad("\(wait.label)no \(wait.what()) within \(timeout.text)\(hint)"))
    } else {
      fail("not done within \(timeout.text)")
    }
  }
}

extension Endpoint {
  var sendsTooMuch: ProbeFailure {
    ProbeFailure(
      "\(self) sends more than \(ProbeAttempt.mostReceived >> 10) KiB, and no end of its answer")
  }
}

extension Outcome {
  /// Fit to be logged and shown: reasons quote what others sent.
  fileprivate var bounded: Outcome {
    switch self {
    case .good(var finding):
      finding.notes = finding.notes.map { $0.bounded(to: ProbeAttempt.longestNote) }
      finding.portNote = finding.portNote?.bounded(to: ProbeAttempt.longestNote)
      return .good(finding)
    case .bad(let reason): return .bad(reason.bounded(to: ProbeAttempt.longestReason))
    case .unasked(let reason): return .unasked(reason.bounded(to: ProbeAttempt.longestReason))
    }
  }
}
