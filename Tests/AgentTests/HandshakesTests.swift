import Events
import Glibc
import Model
import Synchronization
import Testing

@testable import Agent

/// How old a handshake is, and what host names stand for.
struct HandshakesTests {
  private func seconds(_ number: Int64) -> Duration { .seconds(number) }
  private func instant(_ seconds: Int64) -> Instant {
    Instant(nanoseconds: seconds * 1_000_000_000)
  }

  @Test func thereIsNoAgeWithoutAHandshake() {
    var handshakes = Handshakes()
    #expect(handshakes.age(instant(1)) == nil)
    handshakes.observe(nil, clock: seconds(1_000), at: instant(1))
    #expect(handshakes.age(instant(2)) == nil)
  }

  @Test func theFirstLookGoesByTheClock() {
    var handshakes = Handshakes()
    handshakes.observe(seconds(900), clock: seconds(1_000), at: instant(1))
    #expect(handshakes.age(instant(1)) == seconds(100))
    #expect(handshakes.age(instant(31)) == seconds(130))
  }

  @Test func aClockThatIsSetMovesNoAge() {
    var handshakes = Handshakes()
    handshakes.observe(seconds(990), clock: seconds(1_000), at: instant(1))
    for clock in [5, 2_000_000_000] as [Int64] {
      handshakes.observe(seconds(990), clock: seconds(clock), at: instant(2))
      #expect(handshakes.age(instant(2)) == seconds(11))
    }
    // A new one is no older than the look before.
    handshakes.observe(seconds(1_002), clock: seconds(2_000_000_000), at: instant(4))
    #expect(handshakes.age(instant(4)) == seconds(2))
    handshakes.observe(seconds(2_000_000_000), clock: seconds(7), at: instant(5))
    #expect(handshakes.age(instant(5)) == .zero)
  }

  @Test func aSessionThatIsForgottenHasNoAge() {
    var handshakes = Handshakes()
    handshakes.observe(seconds(990), clock: seconds(1_000), at: instant(1))
    handshakes.observe(nil, clock: seconds(1_001), at: instant(2))
    #expect(handshakes.age(instant(3)) == nil)
  }

  // MARK: - Host names

  private final class Server: Sendable {
    let answer = Mutex<[IPAddress]>([])
    let questions = Atomic(0)

    func resolve(_ host: String) -> [IPAddress] {
      questions.add(1, ordering: .relaxed)
      return answer.withLock { $0 }
    }
  }

  @Test func anAnswerThatFailsKeepsTheAddress() throws {
    let (server, inbox) = (Server(), try Inbox())
    let names = try HostNames(
      telling: inbox,
      pauses: HostNames.Pauses(
        unanswered: .milliseconds(5), doubted: .milliseconds(5), usual: .seconds(3_600)),
      resolve: server.resolve)
    defer { names.stop() }
    var events = EventLoop.Events(atMost: 1)
    func waitForNews() {
      while !names.takeNews() {
        inbox.loop.wait(for: &events)
        inbox.loop.clearWake()
      }
    }
    let (first, second) = (IPAddress("192.0.2.1")!, IPAddress("192.0.2.2")!)
    #expect(names.addresses(of: "vpn.test") == [])
    // It is asked for until somebody answers.
    server.answer.withLock { $0 = [first] }
    waitForNews()
    #expect(names.addresses(of: "vpn.test") == [first])
    server.answer.withLock { $0 = [] }
    names.doubt(["vpn.test"], by: .handshakes)
    let asked = server.questions.load(ordering: .relaxed)
    while server.questions.load(ordering: .relaxed) < asked + 3 { sched_yield() }
    #expect(names.addresses(of: "vpn.test") == [first] && !names.takeNews())
    server.answer.withLock { $0 = [second, first] }
    waitForNews()
    #expect(names.addresses(of: "vpn.test") == [second, first])
  }
}
