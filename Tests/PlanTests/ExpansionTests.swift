import Agent
import Model
import Plan
import State
import TestSupport
import Testing

/// What signals decide in files with random conditions, for kernels in any state.
@Suite struct ExpansionTests {
  private static let signals = ["a", "b", "c"].map { Signal(.probe, $0) }

  @Test(arguments: 0..<20)
  func expansionKeepsItsLaws(_ run: UInt64) throws {
    for seed in run * 25..<(run + 1) * 25 {
      var random = SplitMix64(seed)
      try laws(&random)
    }
  }

  private func laws(_ random: inout SplitMix64) throws {
    let file = RandomFile.text(&random)
    let desiredState = try StateFile.decode(Array(file.utf8))
    // What a kernel may have: what another file, or this one at another time, left there.
    let earlier = try StateFile.decode(Array(RandomFile.text(&random).utf8))
    let before = earlier.expanded(given: known(&random)).asObserved
    let same = desiredState.expanded(given: known(&random)).asObserved

    knownSignalsLeaveNoSayToWhatIsThere(desiredState, [before, same], &random)
    for observed in [before, same, NetworkState()] {
      unknownYieldsNoStep(desiredState, observed, &random, file)
      expandedTwiceIsExpandedOnce(desiredState, observed, &random)
    }
  }

  private func known(_ random: inout SplitMix64) -> [Signal: Signal.State] {
    Self.signals.reduce(into: [:]) { $0[$1] = Bool.random(using: &random) ? .up : .down }
  }

  private func knownSignalsLeaveNoSayToWhatIsThere(
    _ desiredState: DesiredState, _ kernels: [NetworkState], _ random: inout SplitMix64
  ) {
    let signals = known(&random)
    let expanded = desiredState.expanded(given: signals)
    for observed in kernels {
      #expect(desiredState.expanded(given: signals, keeping: observed) == expanded)
    }
    #expect(desiredState.undecided(given: signals).isEmpty)
  }

  private func unknownYieldsNoStep(
    _ desiredState: DesiredState, _ observed: NetworkState, _ random: inout SplitMix64,
    _ file: String
  ) {
    var signals = known(&random)
    for signal in Self.signals where Bool.random(using: &random) { signals[signal] = nil }
    let desired = desiredState.expanded(given: signals, keeping: observed)
    let plan = Plan(from: observed, to: desired)
    let wholly = desiredState.conditional.filter {
      $0.when?.state(given: signals) == .unknown
    }
    // One of several alternatives may be known to be wanted.
    let decided = Set(
      desiredState.conditional.filter { $0.when?.state(given: signals) != .unknown }
        .map(\.object.id))
    for object in wholly.map(\.object) where !decided.contains(object.id) {
      let step = plan.steps.first { $0.change.object.id == object.id }
      // What is known to go takes along what depends on it, or has it made again.
      guard let step, step.reason?.hasPrefix("goes with") != true,
        !rests(step.change.object, onAnyAbsentFrom: desired)
      else { continue }
      Issue.record("\(step.change.verb) \(object.id)\n\(signals)\n\(file)\n\(plan.text())")
    }
  }

  private func rests(_ object: Object, onAnyAbsentFrom desired: NetworkState) -> Bool {
    object.resource.requirements.contains { requirement in
      switch requirement {
      case .nexthop(let id): !desired.nexthops.contains { $0.number == id }
      case .link(let name): !desired.links.contains { $0.name == name }
      case .reachable: false
      }
    }
  }

  /// A restart after an apply that knew as little finds nothing to do.
  private func expandedTwiceIsExpandedOnce(
    _ desiredState: DesiredState, _ observed: NetworkState, _ random: inout SplitMix64
  ) {
    var signals = known(&random)
    signals[Self.signals[Int.random(in: 0..<3, using: &random)]] = nil
    let reached = desiredState.expanded(given: signals, keeping: observed).asObserved
    #expect(
      Plan(from: reached, to: desiredState.expanded(given: signals, keeping: reached)).isEmpty)
    // The less is known, the less is done.
    #expect(Plan(from: reached, to: desiredState.expanded(given: [:], keeping: reached)).isEmpty)
  }
}

/// Files with a few objects of each kind, and conditions in random places.
enum RandomFile {
  static func text(_ random: inout SplitMix64) -> String {
    var sections = ["\"version\": 1"]
    func add(_ name: String, _ objects: [String]) {
      sections.append("\"\(name)\": [ \(objects.joined(separator: ",\n    ")) ]")
    }
    sections.append(
      "\"probes\": { "
        + ["a", "b", "c"].map { "\"\($0)\": { \"type\": \"icmp\", \"address\": \"192.0.2.1\" }" }
        .joined(separator: ", ") + " }")
    sections.append(
      "\"sysctls\": { \"net.ipv4.ip_forward\": { \"value\": \(Int.random(in: 0...1, using: &random)), "
        + "\"when\": \(condition(&random, 2)) } }")
    add(
      "links",
      ["{ \"name\": \"eth0\", \"managed\": false }"]
        + (0..<3).map { "{ \"name\": \"d\($0)\", \"type\": \"dummy\"\(when(&random)) }" })
    add(
      "addresses",
      (0..<3).map { "{ \"link\": \"d\($0)\", \"address\": \"10.0.\($0).1/24\"\(when(&random)) }" })
    add(
      "nexthops",
      (1...3).map { "{ \"id\": \($0), \"via\": \"192.0.2.\($0)\"\(when(&random)) }" }
        + [
          "{ \"id\": 9, \"group\": [ "
            + (1...3).map { "{ \"id\": \($0)\(when(&random)) }" }.joined(separator: ", ")
            + " ]\(when(&random)) }"
        ])
    add(
      "routes",
      [
        "{ \"dst\": \"10.9.0.0/16\", \"nhid\": 9\(when(&random)) }",
        "{ \"dst\": \"10.8.0.0/16\", \"dev\": \"d1\"\(when(&random)) }",
        "{ \"dst\": \"10.7.0.0/16\", \"nexthops\": [ "
          + (1...3).map { hop in
            let weight = Int.random(in: 1...2, using: &random)
            return "{ \"via\": \"192.0.2.\(hop)\", \"weight\": \(weight)\(when(&random)) }"
          }.joined(separator: ", ") + " ]\(when(&random)) }",
        "{ \"dst\": \"10.6.0.0/16\", \"via\": \"192.0.2.1\", \"when\": \"probe.a\" }",
        "{ \"dst\": \"10.6.0.0/16\", \"via\": \"192.0.2.2\", "
          + "\"when\": { \"all\": [\(condition(&random, 2)), { \"not\": \"probe.a\" }] } }",
      ])
    add(
      "rules",
      (1...3).map {
        "{ \"priority\": \($0), \"family\": \"inet\", \"lookup\": 57\(when(&random)) }"
      })
    return "{ " + sections.joined(separator: ",\n  ") + " }"
  }

  private static func when(_ random: inout SplitMix64) -> String {
    Bool.random(using: &random) ? "" : ", \"when\": \(condition(&random, 2))"
  }

  private static func condition(_ random: inout SplitMix64, _ depth: Int) -> String {
    let signal = ["a", "b", "c"].randomElement(using: &random)!
    switch Int.random(in: 0..<(depth == 0 ? 1 : 4), using: &random) {
    case 0: return "\"probe.\(signal)\""
    case 1: return "{ \"not\": \(condition(&random, depth - 1)) }"
    case let kind:
      let terms = (0..<2).map { _ in condition(&random, depth - 1) }.joined(separator: ", ")
      return "{ \"\(kind == 2 ? "all" : "any")\": [\(terms)] }"
    }
  }
}
