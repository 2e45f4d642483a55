import Glibc
import Health
import Testing

@testable import Agent

struct CadenceTests {
  private let ms = { (count: Int) in Duration.milliseconds(count) }

  @Test func firstLookIsAtOnce() {
    #expect(Cadence(resync: .seconds(30), now: ms(7)).isDue(ms(7)))
  }

  @Test func eventsOfOneCauseAreOneLook() {
    var cadence = Cadence(resync: .seconds(30), now: .zero)
    cadence.looked(from: .zero, to: ms(1))
    cadence.wake(ms(100))
    cadence.wake(ms(101))
    #expect(cadence.due == ms(100) + Cadence.settling)
  }

  @Test func aStormLeavesOthersTwoThirdsOfTheTime() {
    var cadence = Cadence(resync: .seconds(30), now: .zero)
    cadence.looked(from: .zero, to: ms(20))
    cadence.wake(ms(21))
    #expect(cadence.due == ms(60))
  }

  @Test func evenASlowLookIsFollowedByTheNextWithinASecond() {
    var cadence = Cadence(resync: .seconds(30), now: .zero)
    cadence.looked(from: .zero, to: .seconds(10))
    cadence.wake(.seconds(10))
    #expect(cadence.due == .seconds(11))
  }

  /// That of poll(2) and epoll(7), whose waits end at our instants; not from when it is first asked.
  @Test func theClockIsTheKernelsMonotonicOne() {
    func kernels() -> Duration {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let before = kernels()
    let now = [Duration.now, MonotonicClock.now]
    let after = kernels()
    #expect(before <= now[0] && now[0] <= now[1] && now[1] <= after)
  }

  @Test func withoutAReasonTheNextLookIsTheResync() {
    var cadence = Cadence(resync: .seconds(30), now: .zero)
    cadence.looked(from: ms(5), to: ms(6))
    #expect(cadence.due == ms(6) + .seconds(30))
  }
}
