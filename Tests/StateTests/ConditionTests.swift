import Model
import State
import Testing

private let a = Condition.signal(Signal(.probe, "a"))
private let b = Condition.signal(Signal(.probe, "b"))
private let states: [Signal.State] = [.up, .down, .unknown]

/// Conditions follow Kleene's strong three-valued logic.
@Suite struct ConditionTests {
  private func state(_ condition: Condition, _ a: Signal.State, _ b: Signal.State) -> Signal.State {
    condition.state(given: [Signal(.probe, "a"): a, Signal(.probe, "b"): b])
  }

  @Test func allAndAnyFollowKleenesTable() {
    // Rows: a; columns: b; each up, down, unknown.
    let all: [[Signal.State]] = [
      [.up, .down, .unknown], [.down, .down, .down], [.unknown, .down, .unknown],
    ]
    let any: [[Signal.State]] = [
      [.up, .up, .up], [.up, .down, .unknown], [.up, .unknown, .unknown],
    ]
    for (row, first) in states.enumerated() {
      for (column, second) in states.enumerated() {
        #expect(state(.all([a, b]), first, second) == all[row][column])
        #expect(state(.any([a, b]), first, second) == any[row][column])
      }
    }
  }

  @Test func notSwapsUpAndDown() {
    #expect(states.map { state(.not(a), $0, .up) } == [.down, .up, .unknown])
  }

  @Test func unreportedSignalIsUnknown() {
    #expect(a.state(given: [:]) == .unknown)
  }

  @Test func onlyLiteralNegationsExclude() {
    #expect(a.excludes(.not(a)))
    #expect(Condition.not(a).excludes(a))
    #expect(Condition.all([b, a]).excludes(.all([.not(a), b])))
    #expect(Condition.all([.all([a]), b]).excludes(.not(a)))
    #expect(Condition.any([a, b]).excludes(.not(.any([a, b]))))
    #expect(!a.excludes(a))
    #expect(!a.excludes(b))
    #expect(!Condition.any([a, b]).excludes(.not(a)))
  }

  @Test func excludingConditionsAreNeverBothUp() {
    var random = SystemRandomNumberGenerator()
    var count = 0
    for _ in 0..<20_000 {
      let (first, second) = (Condition.random(&random, 3), Condition.random(&random, 3))
      guard first.excludes(second) else { continue }
      count += 1
      for x in states {
        for y in states {
          #expect(state(first, x, y) != .up || state(second, x, y) == .down)
        }
      }
    }
    #expect(count > 100)
  }
}

extension Condition {
  fileprivate static func random(
    _ random: inout some RandomNumberGenerator, _ depth: Int
  ) -> Condition {
    switch Int.random(in: 0..<(depth == 0 ? 2 : 5), using: &random) {
    case 0: a
    case 1: b
    case 2: .not(.random(&random, depth - 1))
    case 3: .all([.random(&random, depth - 1), .random(&random, depth - 1)])
    default: .any([.random(&random, depth - 1), .random(&random, depth - 1)])
    }
  }
}
