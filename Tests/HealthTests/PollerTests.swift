import Events
import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import Health

struct PollerTests {
  /// What was done, in order.
  private final class Log {
    var entries: [String] = []
    func note(_ entry: String) { entries.append(entry) }
  }

  private static func poller() throws -> Poller { Poller(try Mailbox()) }

  /// The two ends of a connection; the first doesn't block.
  private static func pair() -> (mine: Int32, peer: Int32) {
    var ends: [Int32] = [0, 0]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    return (ends[0], ends[1])
  }

  @Test func timersFireInOrderUnlessCancelled() throws {
    let (poller, log) = (try Self.poller(), Log())
    let start = Instant.now
    _ = poller.at(start + .milliseconds(20)) { log.note("second") }
    _ = poller.at(start + .milliseconds(10)) { log.note("first") }
    let cancelled = poller.at(start) { log.note("never") }
    cancelled.cancel()
    poller.run { !poller.hasTimers }
    #expect(log.entries == ["first", "second"])
    #expect(Instant.now - start >= .milliseconds(20))
  }

  /// However late this thread is, an answer that arrived in time is no timeout.
  @Test func readyDescriptorsComeBeforeTimers() throws {
    let (poller, log) = (try Self.poller(), Log())
    let pairs = (0..<300).map { _ in Self.pair() }
    for pair in pairs {
      try poller.watch(pair.mine, for: .toRead) { _ in log.note("ready") }
      #expect(send(pair.peer, "x", 1, 0) == 1)
    }
    _ = poller.at(.now) { log.note("timer") }
    poller.run { log.entries.count == 301 }
    #expect(log.entries.last == "timer")
    for pair in pairs {
      poller.close(pair.mine)
      close(pair.peer)
    }
  }

  /// However much keeps arriving.
  @Test func timersDoNotWaitForDescriptorsThatBecomeReadyAgain() throws {
    let (poller, log) = (try Self.poller(), Log())
    let pairs = (0..<600).map { _ in Self.pair() }
    for pair in pairs {
      try poller.watch(pair.mine, for: .toRead) { _ in
        var byte: UInt8 = 0
        _ = recv(pair.mine, &byte, 1, 0)
        _ = send(pair.peer, "x", 1, 0)
        log.note("ready")
      }
      #expect(send(pair.peer, "x", 1, 0) == 1)
    }
    var isOver = false
    _ = poller.at(.now) { isOver = true }
    poller.run { isOver || log.entries.count > 100_000 }
    #expect(isOver)
    // Each had its turn before, and hardly any a second one.
    #expect((600..<1200).contains(log.entries.count))
    for pair in pairs {
      poller.close(pair.mine)
      close(pair.peer)
    }
  }

  /// Of two descriptors with more to read than one turn takes, neither waits for the end of the
  /// other.
  @Test func readingAgainWaitsForTheNextTurn() throws {
    let (poller, log) = (try Self.poller(), Log())
    let (one, other) = (Self.pair(), Self.pair())
    for (pair, name) in [(one, "a"), (other, "b")] {
      try poller.watch(pair.mine, for: .toRead) { _ in
        log.note(name)
        poller.readAgain(pair.mine)
      }
      #expect(send(pair.peer, "x", 1, 0) == 1)
    }
    var isOver = false
    poller.run {
      if log.entries.count == 20 { _ = poller.at(.now) { isOver = true } }
      return isOver || log.entries.count > 100
    }
    #expect(isOver)
    #expect(abs(log.entries.count { $0 == "a" } - log.entries.count { $0 == "b" }) <= 1)
    for pair in [one, other] {
      poller.close(pair.mine)
      close(pair.peer)
    }
  }

  @Test func aSpareDescriptorIsUsedWhenNoOtherIsLeft() throws {
    let poller = try Self.poller()
    var tries = 0
    let refused: () -> Int32 = {
      tries += 1
      errno = EMFILE
      return -1
    }
    let descriptor = poller.open {
      tries == 0 ? refused() : open("/dev/null", O_RDONLY | O_CLOEXEC)
    }
    #expect(descriptor >= 0)
    close(descriptor)
    // As many as there are spares, and then no more.
    var spares = 1
    repeat {
      tries = 0
      _ = poller.open(refused)
      spares += tries - 1
    } while tries == 2
    #expect(spares == 64)
    poller.close(open("/dev/null", O_RDONLY | O_CLOEXEC))
    tries = 0
    _ = poller.open(refused)
    #expect(tries == 2)
  }

  @Test func aClosedDescriptorGetsNoEvents() throws {
    let (poller, log) = (try Self.poller(), Log())
    let (one, other) = (Self.pair(), Self.pair())
    for (pair, sibling) in [(one, other), (other, one)] {
      try poller.watch(pair.mine, for: .toRead) { _ in
        log.note("ready")
        poller.close(sibling.mine)
      }
      #expect(send(pair.peer, "x", 1, 0) == 1)
    }
    var isOver = false
    _ = poller.at(Instant.now + .milliseconds(50)) { isOver = true }
    poller.run { isOver }
    #expect(log.entries == ["ready"])
    for pair in [one, other] { close(pair.peer) }
  }

  @Test func lettersAreReadInTheirOrder() throws {
    let mailbox = try Mailbox()
    let poller = Poller(mailbox)
    let entries = Mutex<[Int]>([])
    let thread = try Thread("letters") {
      for number in 0..<1000 { mailbox.post { _ in entries.withLock { $0.append(number) } } }
    }
    poller.run { entries.withLock { $0.count } == 1000 }
    thread.join()
    #expect(entries.withLock { $0 } == Array(0..<1000))
  }
}
