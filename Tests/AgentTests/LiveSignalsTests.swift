import Model
import TestSupport
import Testing

@testable import Agent

struct LiveSignalsTests {
  private static let a = Signal(.probe, "a")
  private static let b = Signal(.probe, "b")

  private static func declared(_ signals: Set<Signal> = [a, b]) -> LiveSignals {
    var live = LiveSignals()
    live.declare(signals, deadline: .seconds(30), .seconds(100))
    return live
  }

  @Test func unknownCountsAsDownFromTheDeadlineOnAndNotBefore() {
    var live = Self.declared()
    _ = live.update([Self.b: .up], .seconds(101))
    #expect(live.states(.seconds(129)) == [Self.b: .up])
    #expect(live.nextDeadline(after: .seconds(129)) == .seconds(130))
    #expect(live.states(.seconds(130)) == [Self.a: .down, Self.b: .up])
    #expect(live.states(.seconds(1000)) == [Self.a: .down, Self.b: .up])
    #expect(live.nextDeadline(after: .seconds(130)) == nil)
    let list = live.list(.seconds(130)).map { "\($0.signal) \($0.state.rawValue)" }
    #expect(list == ["probe.a down", "probe.b up"])
  }

  @Test func aReportedStateEndsTheWait() {
    var live = Self.declared()
    _ = live.update([Self.a: .down, Self.b: .up], .seconds(110))
    #expect(live.nextDeadline(after: .seconds(110)) == nil)
    #expect(live.states(.seconds(1000)) == [Self.a: .down, Self.b: .up])
    // Up after its deadline is still up.
    _ = live.update([Self.a: .up], .seconds(1001))
    #expect(live.states(.seconds(1001)) == [Self.a: .up, Self.b: .up])
  }

  @Test func becomingUnknownAgainStartsANewDeadline() {
    var live = Self.declared()
    _ = live.update([Self.a: .up, Self.b: .up], .seconds(101))
    #expect(live.update([Self.a: .unknown], .seconds(200)) == [Self.a: .unknown])
    #expect(live.states(.seconds(229))[Self.a] == .unknown)
    #expect(live.nextDeadline(after: .seconds(200)) == .seconds(230))
    #expect(live.states(.seconds(230))[Self.a] == .down)
    // Reporting the same again is no news, and doesn't extend the deadline.
    #expect(live.update([Self.a: .unknown], .seconds(225)) == [:])
    #expect(live.states(.seconds(230))[Self.a] == .down)
  }

  @Test func aNewFileKeepsTheStatesAndDeadlinesOfSignalsThatStay() {
    var live = Self.declared()
    _ = live.update([Self.b: .up], .seconds(101))
    let c = Signal(.probe, "c")
    live.declare([Self.a, Self.b, c], deadline: .seconds(40), .seconds(120))
    #expect(live.states(.seconds(139)) == [Self.b: .up])
    #expect(live.states(.seconds(140)) == [Self.a: .down, Self.b: .up])
    #expect(live.nextDeadline(after: .seconds(140)) == .seconds(160))
    live.declare([Self.a], deadline: .seconds(40), .seconds(141))
    #expect(live.states(.seconds(141)) == [Self.a: .down])
    // A signal that was gone in between starts again.
    live.declare([Self.a, Self.b], deadline: .seconds(40), .seconds(150))
    #expect(live.states(.seconds(189)) == [Self.a: .down])
    #expect(live.states(.seconds(190)) == [Self.a: .down, Self.b: .down])
  }

  @Test func onlyChangesOfDeclaredSignalsAreReturned() {
    var live = Self.declared([Self.a])
    #expect(live.update([Self.a: .up, Self.b: .up], .seconds(101)) == [Self.a: .up])
    #expect(live.update([Self.a: .up, Self.b: .up], .seconds(102)) == [:])
    #expect(live.states(.seconds(200)) == [Self.a: .up])
  }
}
