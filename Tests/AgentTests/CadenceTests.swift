import Events
import Glibc
import Model
import TestSupport
import Testing

@testable import Agent

struct CadenceTests {
  private let ms = { (count: Int) in Instant.milliseconds(count) }

  @Test func theFirstPassIsImmediate() {
    #expect(Cadence(resync: .seconds(30), now: ms(7)).isDue(ms(7)))
  }

  @Test func eventsOfOneCauseMakeOnePass() {
    var cadence = Cadence(resync: .seconds(30), now: .zero)
    cadence.passed(from: .zero, to: ms(1))
    cadence.wake(ms(100))
    cadence.wake(ms(101))
    #expect(cadence.due == ms(100) + Cadence.debounce)
  }

  @Test func aStormLeavesOthersTwoThirdsOfTheTime() {
    var cadence = Cadence(resync: .seconds(30), now: .zero)
    cadence.passed(from: .zero, to: ms(20))
    cadence.wake(ms(21))
    #expect(cadence.due == ms(60))
  }

  @Test func evenASlowPassIsFollowedByTheNextWithinASecond() {
    var cadence = Cadence(resync: .seconds(30), now: .zero)
    cadence.passed(from: .zero, to: .seconds(10))
    cadence.wake(.seconds(10))
    #expect(cadence.due == .seconds(11))
  }

  /// The clock of poll(2) and epoll(7), whose waits end at our instants; it doesn't start when it
  /// is first read.
  @Test func theClockIsTheKernelsMonotonicOne() {
    func kernels() -> Instant {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let (before, now, after) = (kernels(), Instant.now, kernels())
    #expect(before <= now && now <= after)
  }

  /// Such as `--confirm 106751d`.
  @Test func aWaitBeyondCountingIsForEver() {
    let longest = Duration(text: "106751d")!
    let day = Instant(nanoseconds: 86_400_000_000_000)
    #expect(day + longest == Instant(nanoseconds: .max))
  }

  @Test func withoutEventsTheNextPassIsTheResync() {
    var cadence = Cadence(resync: .seconds(30), now: .zero)
    cadence.passed(from: ms(5), to: ms(6))
    #expect(cadence.due == ms(6) + .seconds(30))
  }
}
