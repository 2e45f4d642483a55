import Model

@testable import VRRP

/// A behaviour of the machine as a script, a line an event:
///
///     MILLISECONDS EVENT => EXPECTATION, ...
///
/// Events: `start`, `stop`, `yield`, `fault`, `mended`, `priority N`, `hear N` (an advertisement of
/// priority N from router 9, or `from NUMBER`, in IPv6 with `hear6`, `every MILLISECONDS` if not as often as
/// ours), `address NUMBER`, `address6 NUMBER`, `no address`, `no address6`, `interval
/// MILLISECONDS`, `patient` (preemption off), `time`. We are router 5, in each family that the router uses.
///
/// Expectations: the state, if it changes or is worth saying; `sends N`; `announces`; `because REASON`;
/// `until MILLISECONDS`, the next deadline. What is to be sent, announced or changed and isn't expected is
/// a failure.
struct Script {
  struct Line {
    var text: String
    var at: Instant
    var event: [Substring]
    var expected: [[Substring]]
  }

  var lines: [Line]

  init(_ text: String) {
    lines = text.split(separator: "\n").map { line in
      let line = String(line)
      let parts = line.split(separator: ">")
      let event = parts[0].split(separator: " ").filter { $0 != "=" }
      let expected =
        parts.count == 1 ? [] : parts[1].split(separator: ",").map { $0.split(separator: " ") }
      return Line(
        text: line, at: Script.instant(Int64(event[0])!), event: Array(event[1...]),
        expected: expected)
    }
  }

  static func instant(_ milliseconds: Int64) -> Instant {
    Instant(nanoseconds: milliseconds * 1_000_000)
  }

  /// 10.0.N.0 or fe80::NN00: with 0 as the last byte, the skew is the RFC's.
  static func address(_ family: Family, _ number: Int) -> IPAddress {
    family == .inet
      ? IPAddress(v4: 0x0a00_0000 | UInt32(number) << 8)
      : IPAddress(v6High: 0xfe80 << 48, low: UInt64(number) << 8)
  }

  /// The expectations that weren't met; empty if all were.
  func mistakes(_ router: VirtualRouter) -> [String] {
    var machine = Machine(router)
    for family in Family.allCases where router.families[family] {
      _ = machine.step(.primary(family, Script.address(family, 5)), at: Script.instant(0))
    }
    var mistakes = router.problems
    for line in lines {
      let before = machine.state
      let step = perform(line, on: &machine)
      var said = Set<String>()
      for words in line.expected {
        let (matches, subject) = Script.holds(words, step, machine)
        said.insert(subject)
        if !matches { mistakes.append("\(line.text): \(words.joined(separator: " ")) isn't so") }
      }
      if !said.contains("sends"), let priority = step.advertisement {
        mistakes.append("\(line.text): sends \(priority)")
      }
      if !said.contains("announces"), step.announces { mistakes.append("\(line.text): announces") }
      if !said.contains("state"), machine.state != before {
        mistakes.append("\(line.text): \(machine.state)")
      }
      if step.transition?.to != (machine.state == before ? nil : machine.state) {
        mistakes.append("\(line.text): tells \(String(describing: step.transition))")
      }
    }
    return mistakes
  }

  private func perform(_ line: Line, on machine: inout Machine) -> Step {
    let words = line.event
    func number(after word: Substring) -> Int? {
      words.firstIndex(of: word).map { Int(words[$0 + 1])! }
    }
    let event: Event
    switch words[0] {
    case "start": event = .start
    case "stop": event = .stop
    case "yield": event = .yield
    case "fault": event = .faulty(true)
    case "mended": event = .faulty(false)
    case "time": event = .elapsed
    case "priority": event = .priority(UInt8(words[1])!)
    case "address": event = .primary(.inet, Script.address(.inet, Int(words[1])!))
    case "address6": event = .primary(.inet6, Script.address(.inet6, Int(words[1])!))
    case "no": event = .primary(words[1] == "address" ? .inet : .inet6, nil)
    case "hear", "hear6":
      let family = words[0] == "hear" ? Family.inet : .inet6
      let every = number(after: "every").map { Interval(centiseconds: UInt16($0 / 10))! }
      let advertisement = Advertisement(
        priority: UInt8(words[1])!, interval: every ?? machine.router.interval)
      event = .received(
        advertisement, from: Script.address(family, number(after: "from") ?? 9))
    case "interval", "patient":
      var router = machine.router
      if words[0] == "patient" {
        router.preempt = false
      } else {
        router.interval = Interval(centiseconds: UInt16(words[1])! / 10)!
      }
      return machine.configure(router, at: line.at)
    default: fatalError("no such event: \(line.text)")
    }
    return machine.step(event, at: line.at)
  }

  private static func holds(
    _ words: [Substring], _ step: Step, _ machine: Machine
  ) -> (Bool, String) {
    switch words[0] {
    case "sends": (step.advertisement == UInt8(words[1])!, "sends")
    case "announces": (step.announces, "announces")
    case "because": (step.transition.map { "\($0.reason)" } == String(words[1]), "because")
    case "until":
      // Rounded down: deadlines with a skew aren't whole milliseconds.
      (machine.nextDeadline.map { $0.nanoseconds / 1_000_000 } == Int64(words[1])!, "until")
    case "never": (machine.nextDeadline == nil, "never")
    default: ("\(machine.state)" == words[0], "state")
    }
  }
}
