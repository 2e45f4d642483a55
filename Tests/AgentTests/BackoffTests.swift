import Model
import Testing

@testable import Agent

struct BackoffTests {
  private static func creation(_ name: String, mtu: UInt32 = 1500) -> Change {
    var link = Link(LinkName(name)!)
    link.mtu = mtu
    return Change(.create, .link(link))
  }

  @Test func waitsDoubleUpToAMinute() {
    var backoff = Backoff()
    var now = Duration.zero
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

  @Test func anotherChangeOfTheObjectIsTriedAtOnce() {
    var backoff = Backoff()
    _ = backoff.failed(Self.creation("a"), .zero)
    #expect(!backoff.holds(Self.creation("a", mtu: 1400), .zero))
    #expect(backoff.failed(Self.creation("a", mtu: 1400), .zero).count == 1)
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
    #expect(repairs.note(id, .zero) == 1)
    #expect(repairs.note(id, .seconds(30)) == 2)
    #expect(repairs.note(id, .seconds(59)) == 3)
    #expect(repairs.note(id, .seconds(61)) == 3)
    #expect(repairs.note(id, .seconds(600)) == 1)
  }
}
