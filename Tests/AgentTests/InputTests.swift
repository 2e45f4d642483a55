import Events
import JSON
import Model
import State
import Synchronization
import TestSupport
import Testing

@testable import Agent

/// An input and output that nothing in the product knows.
private final class Toy: Input, Output {
  private struct Content {
    var isUp = true
    var nextPoll: Instant?
    var updates = 0
    var followed: [(state: Signal.State?, isConverged: Bool)] = []
  }

  static let polled = Signal(.link, "toy.polled")
  static let observed = Signal(.link, "toy.observed")

  private let content = Mutex(Content())

  var updates: Int { content.withLock { $0.updates } }
  var followed: [(state: Signal.State?, isConverged: Bool)] { content.withLock { $0.followed } }

  /// Makes it go down, which the next poll reports.
  func expire() {
    content.withLock {
      $0.isUp = false
      $0.nextPoll = .now
    }
  }

  func signals(of desired: DesiredState) -> Set<Signal> { [Self.polled, Self.observed] }

  func update(_ desired: DesiredState) {
    content.withLock {
      $0.updates += 1
      $0.nextPoll = .now
    }
  }

  func states(in observed: NetworkState, for desired: DesiredState) -> [Signal: Signal.State] {
    [Self.observed: observed.links.contains { $0.name == .loopback } ? .up : .down]
  }

  var nextPoll: Instant? { content.withLock { $0.nextPoll } }

  func poll(_ now: Instant) -> [Signal: Signal.State] {
    content.withLock {
      $0.nextPoll = nil
      return [Self.polled: $0.isUp ? .up : .down]
    }
  }

  func reason(for signal: Signal) -> String? { signal == Self.polled ? "too old" : nil }

  func status(given states: [Signal: Signal.State]) -> InputStatus {
    var status = InputStatus()
    if let state = states[Self.polled] {
      status.words[Self.polled] = [("age", .string(state == .up ? "young" : "old"))]
    }
    status.notes = [Trouble(object: "toy", reason: "is a toy")]
    return status
  }

  // MARK: - Output

  func follow(
    _ desired: DesiredState, given signals: [Signal: Signal.State],
    reading readings: [Signal: SignalReading], isConverged: Bool
  ) {
    content.withLock { $0.followed.append((signals[Self.polled], isConverged)) }
  }

  var status: (name: String, tree: Tree)? { ("toy", .object([("records", 3)])) }

  // MARK: - Both

  func measure(into metrics: inout Metrics) {
    metrics.set(Gauge("toy_age_seconds", "Its age."), [Metrics.Label("name", "polled")], 7)
  }

  func stop() {}
}

struct InputTests {
  private static let file = """
    { "version": 1,
      "rules": [ { "priority": 4000, "from": "192.0.2.0/24", "lookup": 4000 } ] }
    """

  @Test func anInputInTheListSetsSignalsAndAppearsInStatusAndMetrics() throws {
    let toy = Toy()
    try Turning.with(Self.file, inputs: [toy]) { turning in
      turning.start()
      #expect(toy.updates == 1)
      func states() -> [Signal: Signal.State] {
        Dictionary(uniqueKeysWithValues: turning.store.status.signals.map { ($0.signal, $0.state) })
      }
      #expect(states() == [Toy.polled: .up, Toy.observed: .up])
      toy.expire()
      #expect(turning.turn { states()[Toy.polled] == .down })
      #expect(
        turning.log.of("signal").contains { $0.contains("toy.polled") && $0.contains("too old") })
      let document = try Document(
        Array(turning.store.status.tree([toy] as [any Input]).text().utf8))
      withExtendedLifetime(document) {
        let signals = document.root["signals"]?.elements.map(Array.init) ?? []
        #expect(signals.compactMap { $0["age"]?.string } == ["old"])
        let notes = document.root["notes"]?.elements.map(Array.init) ?? []
        #expect(notes.contains { $0["reason"]?.string == "is a toy" })
      }
      #expect(turning.store.metrics.text.contains("toy_age_seconds{name=\"polled\"} 7\n"))
    }
  }

  @Test func anOutputIsCalledAfterEachPassAndAppearsInStatusAndMetrics() throws {
    let toy = Toy()
    try Turning.with(Self.file, inputs: [toy], outputs: [toy]) { turning in
      turning.start()
      toy.expire()
      #expect(
        turning.turn { toy.followed.last?.state == .down && toy.followed.last?.isConverged == true }
      )
      let tree = turning.store.status.tree([], turning.store.outputs)
      let document = try Document(Array(tree.text().utf8))
      withExtendedLifetime(document) {
        #expect(document.root["toy"]?["records"]?.integer == 3)
      }
      #expect(turning.store.metrics.text.contains("# TYPE toy_age_seconds gauge\n"))
    }
  }
}
