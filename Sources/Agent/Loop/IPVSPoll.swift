import Kernel
import Model
internal import NIOCore
import Synchronization

/// Looks at IPVS, which sends no events, while the file has anything of it; tells the loop when it
/// isn't as it was.
final class IPVSPoll: Sendable {
  private let watch = Mutex(IPVSWatch())
  private let isWanted = Atomic(false)
  private let inbox: Inbox

  /// On a thread of the group, which belongs to this alone: reading 16,000 destinations takes a while.
  init(every interval: Duration, on group: any EventLoopGroup, telling inbox: Inbox) {
    self.inbox = inbox
    group.next().scheduleRepeatedTask(
      initialDelay: TimeAmount(interval), delay: TimeAmount(interval)
    ) { [self] _ in look() }
  }

  func look(for declaration: DesiredState) {
    isWanted.store(declaration.hasIPVS, ordering: .relaxed)
  }

  private func look() {
    guard isWanted.load(ordering: .relaxed) else { return }
    if watch.withLock({ $0.hasChanged() }) { inbox.postDrift() }
  }
}
