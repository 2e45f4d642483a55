import Model
import TestSupport
import Testing

@testable import Health

struct ProbeMachineTests {
  private static func probe(rise: Int = 2, fall: Int = 2) -> Probe {
    var probe = Probe(name: "gw0", question: .icmp(IPAddress("10.0.0.1")!))
    (probe.rise, probe.fall) = (rise, fall)
    return probe
  }

  private static let good = Outcome.good(Finding())
  private static let bad = Outcome.bad("no answer")

  /// The state after each outcome.
  private static func states(_ outcomes: String, rise: Int, fall: Int) -> [Signal.State] {
    var machine = ProbeMachine(probe(rise: rise, fall: fall), .zero, random: 0)
    return outcomes.map { letter in
      machine.start(machine.next)
      _ = machine.end(letter == "+" ? good : bad, machine.next)
      return machine.state
    }
  }

  @Test(arguments: [
    ("+", 1, 1, [Signal.State.up]),
    ("-", 1, 1, [.down]),
    ("++", 2, 3, [.unknown, .up]),
    ("---", 2, 3, [.unknown, .unknown, .down]),
    ("+-+-+-", 2, 2, [.unknown, .unknown, .unknown, .unknown, .unknown, .unknown]),
    ("++-+--", 2, 2, [.unknown, .up, .up, .up, .up, .down]),
    ("--+-++", 2, 2, [.unknown, .down, .down, .down, .down, .up]),
  ])
  func onlyOutcomesInARowChangeTheState(
    outcomes: String, rise: Int, fall: Int, states: [Signal.State]
  ) {
    #expect(Self.states(outcomes, rise: rise, fall: fall) == states)
  }

  @Test func aChangeIsReportedOnce() {
    var machine = ProbeMachine(Self.probe(rise: 2), .zero, random: 0)
    let told = (0..<5).map { _ in
      machine.start(machine.next)
      return machine.end(Self.good, machine.next)
    }
    #expect(told == [nil, .up, nil, nil, nil])
  }

  @Test func attemptsDoNotDrift() {
    var machine = ProbeMachine(Self.probe(), .seconds(5), random: 0)
    var due: [Instant] = []
    for _ in 0..<4 {
      due.append(machine.next)
      machine.start(machine.next + .milliseconds(7))
      _ = machine.end(Self.good, machine.next + .milliseconds(300))
    }
    #expect(due == [5, 6, 7, 8].map { Instant.seconds($0) })
    #expect(machine.reading.lateness == .milliseconds(7))
    #expect(machine.reading.skipped == 0)
  }

  @Test func missedAttemptsAreCountedAndNotMadeUpFor() {
    var machine = ProbeMachine(Self.probe(), .zero, random: 0)
    machine.start(.milliseconds(3_400))
    #expect(machine.reading.lateness == .milliseconds(3_400))
    #expect(machine.reading.skipped == 3)
    #expect(machine.next == .seconds(4))
    machine.start(.seconds(4))
    #expect(machine.reading.lateness == .zero)
    #expect(machine.reading.maxLateness == .milliseconds(3_400))
    #expect(machine.next == .seconds(5))
  }

  @Test func firstAttemptWaitsForAPartOfTheJitter() {
    var probe = Self.probe()
    #expect(ProbeMachine(probe, .seconds(1), random: 0.5).next == .milliseconds(1_500))
    probe.jitter = .milliseconds(100)
    #expect(ProbeMachine(probe, .seconds(1), random: 0.5).next == .milliseconds(1_050))
    probe.jitter = .zero
    #expect(ProbeMachine(probe, .seconds(1), random: 0.5).next == .seconds(1))
  }

  @Test func readingHoldsWhatAttemptsFound() {
    var machine = ProbeMachine(Self.probe(), .zero, random: 0)
    let address = IPAddress("198.51.100.7")!
    machine.start(.zero)
    _ = machine.end(
      .good(Finding(publicAddress: address, forwardedPorts: [4242, 4243])), .milliseconds(3))
    #expect(machine.reading.publicAddress == address)
    #expect(machine.reading.forwardedPorts == [4242, 4243])
    #expect(machine.reading.lastDuration == .milliseconds(3))
    machine.start(.seconds(1))
    _ = machine.end(Self.bad, .milliseconds(1_750))
    #expect(machine.reading.publicAddress == address)
    #expect(machine.reading.lastFailure == "no answer")
    #expect(machine.reading.consecutiveFailures == 1)
    machine.start(.seconds(2))
    _ = machine.end(Self.bad, .milliseconds(2_750))
    #expect(machine.state == .down)
    #expect(machine.reading.publicAddress == nil)
    #expect(machine.reading.forwardedPorts == nil)
    #expect((machine.reading.succeeded, machine.reading.failed) == (1, 2))
  }

  @Test func anAttemptThatCouldNotAskChangesNothing() {
    var machine = ProbeMachine(Self.probe(rise: 1, fall: 2), .zero, random: 0)
    let ours = Outcome.unasked("Too many open files")
    machine.start(.zero)
    #expect(machine.end(ours, .zero) == nil)
    #expect(machine.state == .unknown)
    _ = machine.end(.good(Finding(publicAddress: IPAddress("198.51.100.7"))), .zero)
    #expect(!machine.reading.isDoubtful)
    for _ in 0..<10 { #expect(machine.end(ours, .zero) == nil) }
    #expect(machine.state == .up)
    #expect(machine.reading.isDoubtful)
    #expect(machine.reading.publicAddress != nil)
    #expect(machine.reading.notes == ["could not be asked: Too many open files"])
    #expect((machine.reading.failed, machine.reading.unasked) == (0, 11))
    // Nor does it end a series of failures.
    #expect(machine.end(Self.bad, .zero) == nil)
    #expect(machine.end(ours, .zero) == nil)
    #expect(machine.end(Self.bad, .zero) == .down)
    #expect(machine.reading.notes.isEmpty && !machine.reading.isDoubtful)
  }

  @Test func portIsAskedForUntilUpAndEveryTenthTimeAfterThat() {
    var machine = ProbeMachine(Self.probe(), .zero, random: 0)
    var asked: [Int] = []
    for number in 0..<32 {
      if machine.asksPort { asked.append(number) }
      var finding = Finding(forwardedPorts: [4242, 4243])
      if !machine.asksPort { finding = Finding(isPortAsked: false) }
      machine.start(machine.next)
      _ = machine.end(.good(finding), machine.next)
      #expect(machine.reading.forwardedPorts == [4242, 4243])
    }
    #expect(asked == [0, 1, 10, 20, 30])
    machine.start(machine.next)
    _ = machine.end(.good(Finding(forwardedPorts: [])), machine.next)
    #expect(machine.reading.forwardedPorts == [])
  }

  @Test func portsStayAsLastKnownWhileNobodyTellsThem() {
    var machine = ProbeMachine(Self.probe(), .zero, random: 0)
    #expect(machine.reading.forwardedPorts == nil)
    for ports in [[4242], nil, [4343]] as [[UInt16]?] {
      machine.start(machine.next)
      _ = machine.end(.good(Finding(forwardedPorts: ports)), machine.next)
      #expect(machine.reading.forwardedPorts == ports ?? [4242])
    }
  }

  @Test func portIsAlwaysAskedForWhereSomethingFollowsIt() {
    var probe = Self.probe()
    probe.readsAlways = true
    var machine = ProbeMachine(probe, .zero, random: 0)
    for _ in 0..<12 {
      #expect(machine.asksPort)
      machine.start(machine.next)
      _ = machine.end(.good(Finding()), machine.next)
    }
  }

  @Test func reschedulingKeepsTheResults() {
    var machine = ProbeMachine(Self.probe(rise: 1), .zero, random: 0)
    machine.start(.zero)
    _ = machine.end(Self.good, .zero)
    var probe = Self.probe()
    probe.interval = .seconds(3)
    machine.reschedule(probe, .seconds(10), random: 0.5)
    #expect(machine.next == .milliseconds(11_500))
    #expect(machine.state == .up)
    #expect(machine.reading.succeeded == 1)
  }
}

struct GroupsTests {
  private static func probes(_ count: Int, interval: Duration, jitter: Duration? = nil) -> [Probe] {
    (0..<count).map {
      var probe = Probe(name: "p\($0)", question: .icmp(IPAddress("10.0.0.1")!))
      (probe.interval, probe.jitter) = (interval, jitter)
      return probe
    }
  }

  /// How many attempts begin at each instant, for probes stated at any time within two seconds;
  /// those of the next interval fall on the same instants.
  private static func groups(_ probes: [Probe]) -> [Int] {
    let groups = Groups(probes)
    let starts = probes.map { probe in
      let now = Instant.milliseconds(.random(in: 0..<2_000))
      let start = ProbeMachine(probe, now, random: groups.random(for: probe, now)).next
      #expect(start >= now && start < now + (probe.jitter ?? probe.interval) + .microseconds(1))
      return (start - .zero).inSeconds.truncatingRemainder(dividingBy: probe.interval.inSeconds)
    }.sorted()
    var sizes = [1]
    for (start, next) in zip(starts, starts.dropFirst()) {
      // A rounding error apart is together.
      if next - start < 0.000_01 { sizes[sizes.count - 1] += 1 } else { sizes.append(1) }
    }
    return sizes.sorted()
  }

  @Test func attemptsBeginTogether() {
    #expect(Self.groups(Self.probes(174, interval: .seconds(1))) == [174])
  }

  @Test func aGroupIsNotTooLarge() {
    let sizes = Self.groups(Self.probes(2_000, interval: .seconds(1)))
    #expect(sizes.count == 16)
    // By chance alone, about 125 each.
    #expect(sizes.first! > 60 && sizes.last! < 200)
    #expect(Self.groups(Self.probes(1_000, interval: .seconds(30))).count == 30)
  }

  @Test func theFirstAttemptWaitsAtMostTheJitter() {
    #expect(
      Self.groups(Self.probes(100, interval: .seconds(1), jitter: .milliseconds(10))).count > 50)
    _ = Self.groups(Self.probes(100, interval: .seconds(1), jitter: .zero))
    _ = Self.groups(Self.probes(100, interval: .seconds(3), jitter: .seconds(2)))
  }
}
