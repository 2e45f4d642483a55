import Model
import TestSupport
import Testing

@testable import Agent

struct BackoffTests {
  private static func creation(_ name: String, mtu: UInt32 = 1500) -> Change {
    var link = Link(LinkName(name)!)
    link.mtu = mtu
    return Change(.create, link)
  }

  @Test func waitsDoubleUpToAMinute() {
    var backoff = Backoff()
    var now = Instant.zero
    var waits: [Duration] = []
    for _ in 0..<9 {
      let (_, wait) = backoff.failed(Self.creation("a"), now)
      waits.append(wait)
      now += wait
    }
    #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { Duration.seconds($0) })
  }

  @Test func anObjectWaitsAndOthersDoNot() {
    var backoff = Backoff()
    _ = backoff.failed(Self.creation("a"), .zero)
    #expect(backoff.holds(Self.creation("a"), .milliseconds(999)))
    #expect(!backoff.holds(Self.creation("a"), .seconds(1)))
    #expect(!backoff.holds(Self.creation("b"), .zero))
  }

  @Test func aDifferentChangeOfTheObjectIsTriedAtOnce() {
    var backoff = Backoff()
    _ = backoff.failed(Self.creation("a"), .zero)
    #expect(!backoff.holds(Self.creation("a", mtu: 1400), .zero))
    #expect(backoff.failed(Self.creation("a", mtu: 1400), .zero).count == 1)
  }

  @Test func aLinkThatComesUpEndsTheWait() {
    var (backoff, configuration) = (Backoff(), NetworkState())
    var link = Link(LinkName("eth0")!)
    link.isRunning = false
    configuration.links = [link]
    backoff.observed(configuration)
    _ = backoff.failed(Self.creation("a"), .zero)
    backoff.observed(configuration)
    #expect(backoff.holds(Self.creation("a"), .zero))
    configuration.links[0].isRunning = true
    backoff.observed(configuration)
    #expect(!backoff.holds(Self.creation("a"), .zero))
  }

  @Test func whatIsNoLongerWantedIsForgotten() {
    var backoff = Backoff()
    _ = backoff.failed(Self.creation("a"), .zero)
    backoff.keep([])
    #expect(backoff.next == nil)
  }

  @Test func repairsAreCountedWithinAMinute() {
    var repairs = Repairs()
    let id = Self.creation("a").object.id
    #expect(repairs.note(id, .zero).times == 1)
    #expect(repairs.note(id, .seconds(30)).times == 2)
    #expect(repairs.note(id, .seconds(59)).times == 3)
    #expect(repairs.note(id, .seconds(61)).times == 3)
    #expect(repairs.note(id, .seconds(600)).times == 1)
  }

  @Test func aFightIsLoggedInAFewLinesAndThenOncePerMinute() {
    var repairs = Repairs(few: 3, most: 100)
    let id = Self.creation("a").object.id
    // Ten a second for ten minutes.
    let said = (0..<6000).filter { repairs.note(id, .milliseconds(100 * $0)).isSaid }
    #expect(said.count == 3 + 9, "\(said)")
    #expect(repairs.note(id, .seconds(600)).times == 600)
    // A different change is logged at once, and the first one again after a quiet time.
    #expect(repairs.note(Self.creation("b").object.id, .seconds(600)).isSaid)
    let later = repairs.note(id, .seconds(900))
    #expect(later.times == 1 && later.isSaid)
  }

  @Test func ofManyObjectsSomeAreLoggedAndTheRestIsCounted() {
    var repairs = Repairs(few: 3, most: 100)
    let ids = (0..<400).map { Self.creation("l\($0)").object.id }
    #expect(ids.filter { repairs.note($0, .zero).isSaid }.count == 100)
    #expect(repairs.unsaid(.seconds(59)) == nil)
    let rest = repairs.unsaid(.seconds(60))
    #expect(rest?.objects == 300 && rest?.times == 300)
    #expect(repairs.unsaid(.seconds(61)) == nil)
    #expect(repairs.note(ids[399], .seconds(61)).isSaid)
  }
}
