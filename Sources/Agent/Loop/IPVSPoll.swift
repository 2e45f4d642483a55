import Events
import Kernel
import Model
import Synchronization

/// Checks IPVS, which sends no events, while the file uses it, and tells the loop when it has
/// changed.
///
/// On a thread of its own: reading 16,000 destinations takes a while.
final class IPVSPoll: Sendable {
  private let loop: EventLoop
  private let thread: Thread
  private let isWanted: Shared
  private let isStopped: Shared

  private final class Shared: Sendable { let value = Atomic(false) }

  init(every interval: Duration, telling inbox: Inbox) throws {
    let (loop, isWanted, isStopped) = (try EventLoop(), Shared(), Shared())
    (self.loop, self.isWanted, self.isStopped) = (loop, isWanted, isStopped)
    thread = try Thread("ipvs") {
      let watch = IPVSWatch()
      var events = EventLoop.Events(atMost: 1)
      var next = Instant.now + interval
      while !isStopped.value.load(ordering: .relaxed) {
        loop.wait(for: &events, until: next)
        if Instant.now < next { continue }
        if isWanted.value.load(ordering: .relaxed), watch.hasChanged() { inbox.postDrift() }
        next = Instant.now + interval
      }
    }
  }

  func follow(_ desiredState: DesiredState) {
    isWanted.value.store(desiredState.hasIPVS, ordering: .relaxed)
  }

  /// May be called once.
  func stop() {
    isStopped.value.store(true, ordering: .relaxed)
    loop.wake()
    thread.join()
  }
}
