internal import Events
internal import Model
internal import Synchronization
public import VRRP

/// The thread that speaks VRRP for all virtual routers of a namespace.
///
/// It reads what waits, then acts on what is due, as ``VRRP/Machine`` wants it. Between two advertisements it
/// takes no lock, allocates nothing and logs nothing: what it has to say goes into a ring, and what
/// others may read of it is in ``Readings``.
public final class Speaker: Sendable {
  /// Of a virtual router, for as long as the speaker lives.
  public typealias ID = Int

  private let mailbox: Mailbox
  private let reports: Ring<Report>
  private let lostReports: LostReports
  private let thread: Thread
  private let nextID = Atomic<Int>(0)

  /// Speaks in the caller's network namespace until ``stop()``. `wake` is called on the speaker's thread
  /// when there is something for ``take()``: it must neither block nor allocate.
  public init(hmac: HMAC?, wake: @escaping @Sendable () -> Void) throws(SpeakerError) {
    let reports = Ring<Report>(capacity: 256)
    let lost = LostReports()
    do throws(Errno) {
      let mailbox = try Mailbox()
      self.mailbox = mailbox
      thread = try Thread("vrrp") {
        var conversation = Conversation(mailbox, hmac: hmac) { report in
          if !reports.put(report) { lost.count.add(1, ordering: .relaxed) }
          wake()
        }
        conversation.run()
      }
    } catch {
      throw SpeakerError("start the thread that speaks VRRP", error.code)
    }
    self.reports = reports
    lostReports = lost
  }

  // MARK: - From any thread

  /// Each begins to listen once its link is known. Members of a sync group are to be added together: one
  /// that is alone for a moment is a whole group.
  public func add(_ routers: [VirtualRouter]) -> [(id: ID, readings: Readings)] {
    let added = routers.map { _ in
      (id: nextID.add(1, ordering: .relaxed).newValue, readings: Readings())
    }
    mailbox.post(zip(added, routers).map { .add($0.id, $1, $0.readings) })
    return added
  }

  /// Another configuration of the same id, version and families: the election goes on.
  public func configure(_ id: ID, _ router: VirtualRouter) {
    mailbox.post([.configure(id, router)])
  }
  public func tell(_ id: ID, _ line: Line) { mailbox.post([.line(id, line)]) }
  public func tell(_ id: ID, priority: UInt8) { mailbox.post([.event(id, .priority(priority))]) }
  /// Keeps it from being master, or lets it be.
  public func bar(_ id: ID, _ isBarred: Bool) { mailbox.post([.bar(id, isBarred)]) }
  /// Tells the peers that it leaves, and leaves once one of them has taken over.
  public func yield(_ id: ID) { mailbox.post([.event(id, .yield)]) }
  /// Leaves at once, with priority 0 if it was master.
  public func remove(_ id: ID) { mailbox.post([.remove(id)]) }

  /// Leaves every election, and returns when the thread has ended; to be called once.
  public func stop() {
    mailbox.post([.end])
    thread.join()
  }

  // MARK: - From one thread

  /// What the thread has to say next.
  public func take() -> Report? { reports.take() }
  public var hasReports: Bool { !reports.isEmpty }
  /// Reports for which there was no room. ``Readings`` are right all the same.
  public var lost: UInt64 { lostReports.count.load(ordering: .relaxed) }
}

private final class LostReports: Sendable {
  let count = Atomic<UInt64>(0)
}

/// What other threads tell the speaker's.
final class Mailbox: Sendable {
  enum Command: Sendable {
    case add(Speaker.ID, VirtualRouter, Readings)
    case configure(Speaker.ID, VirtualRouter)
    case line(Speaker.ID, Line)
    case bar(Speaker.ID, Bool)
    case event(Speaker.ID, Event)
    case remove(Speaker.ID)
    case end
  }

  let loop: EventLoop
  private let commands = Mutex<[Command]>([])

  init() throws(Errno) { loop = try EventLoop() }

  /// Obeyed in one turn.
  func post(_ posted: [Command]) {
    commands.withLock { $0 += posted }
    loop.wake()
  }

  /// Nil while another thread posts, which wakes the loop after it.
  func takeAll() -> [Command]? {
    loop.clearWake()
    return commands.withLockIfAvailable { pending in
      defer { pending = [] }
      return pending
    }
  }
}
