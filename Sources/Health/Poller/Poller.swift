internal import CLinux
internal import Glibc
internal import HeapModule
import Model

/// Waits for descriptors, instants and letters, and acts on each, all on one thread (epoll(7)).
///
/// Probing thousands of addresses a second is little else than this: a channel of SwiftNIO for each
/// try costs several times what the kernel does for it.
final class Poller {
  let mailbox: Mailbox
  /// What goes on on it; nil: nothing that goes on.
  var runners: Runners?
  private var timers = Heap<Timer>()
  private var watches: [Int32: Watch] = [:]
  private var hearers: [Int: (StreamEvent) -> Void] = [:]
  private var lastNumber = 0
  private let secret = UInt64.random(in: 0...UInt64.max)
  private var events = [epoll_event](repeating: epoll_event(), count: 256)
  /// Events acted on since timers last fired.
  private var eventsSinceTimers = 0
  /// Descriptors that have more to read than one turn takes.
  private var unread: [(descriptor: Int32, number: Int)] = []
  private var spares: Spares
  /// When it last began to act on timers.
  private var instant = Duration.now
  private let mostKept: Int32
  /// What it has just read, for whoever reads.
  var buffer = [UInt8](repeating: 0, count: 1 << 16)

  private struct Watch {
    let number: Int
    let act: (Readiness) -> Void
  }

  init(_ mailbox: Mailbox) {
    self.mailbox = mailbox
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    mostKept = Int32(clamping: limit.rlim_cur / 2)
    spares = Spares(of: mailbox.bell, atMost: Int(clamping: limit.rlim_cur / 16))
  }

  deinit {
    for descriptor in watches.keys { Glibc.close(descriptor) }
    spares.close()
  }

  /// Acts on what happens until `isDone`, which is asked after each time.
  func run(until isDone: () -> Bool) {
    while !isDone() { turn() }
  }

  private func turn() {
    let count = wait()
    let unread = unread
    self.unread.removeAll(keepingCapacity: true)
    var hasLetters = false
    for event in events.prefix(count) {
      let (number, descriptor) = (Int(event.data.u64 >> 32), Int32(event.data.u64 & 0x7fff_ffff))
      if descriptor == mailbox.bell {
        hasLetters = true
        continue
      }
      // What an earlier one of these closed may be another's descriptor by now.
      guard let watch = watches[descriptor], watch.number & Self.numbers == number else { continue }
      watch.act(Readiness(rawValue: event.events))
    }
    for (descriptor, number) in unread where watches[descriptor]?.number == number {
      watches[descriptor]?.act(.toRead)
    }
    if hasLetters { for letter in mailbox.take(atMost: Self.lettersATurn) { letter(self) } }
    // An answer that has come is no timeout, however late this thread is: timers wait until each
    // descriptor that was ready had its turn. epoll lists one that is ready anew behind the others,
    // so that is after as many events as there are descriptors, however many more keep coming.
    eventsSinceTimers += count
    if count == events.count, eventsSinceTimers < watches.count { return }
    eventsSinceTimers = 0
    instant = .now
    while let timer = nextTimer(), timer.deadline <= instant {
      timers.removeMin()
      timer.fire()
    }
  }

  private func nextTimer() -> Timer? {
    while let timer = timers.min {
      if !timer.isCancelled { return timer }
      timers.removeMin()
    }
    return nil
  }

  /// How many of `events` there are.
  private func wait() -> Int {
    let most = Int32(events.count)
    let count: Int32
    if !unread.isEmpty {
      var pause = timespec()
      count = vpngw_epoll_wait(mailbox.epoll, &events, most, &pause)
    } else if let timer = nextTimer() {
      let left = max(timer.deadline - .now, .zero).components
      var pause = timespec(
        tv_sec: Int(left.seconds), tv_nsec: Int(left.attoseconds / 1_000_000_000))
      count = vpngw_epoll_wait(mailbox.epoll, &events, most, &pause)
    } else {
      count = vpngw_epoll_wait(mailbox.epoll, &events, most, nil)
    }
    // Nothing but a signal can be wrong here.
    return max(0, Int(count))
  }
}

// MARK: instants

extension Poller {
  /// Something to do at an instant, unless it is cancelled before.
  final class Timer: Comparable {
    fileprivate let deadline: Duration
    private var action: (() -> Void)?

    fileprivate init(_ deadline: Duration, _ action: @escaping () -> Void) {
      self.deadline = deadline
      self.action = action
    }

    fileprivate var isCancelled: Bool { action == nil }

    func cancel() { action = nil }

    fileprivate func fire() {
      let action = action
      self.action = nil
      action?()
    }

    static func < (left: Timer, right: Timer) -> Bool { left.deadline < right.deadline }
    static func == (left: Timer, right: Timer) -> Bool { left === right }
  }

  /// What is begun together begins at one instant, and so ends together; unless this thread was held
  /// up since.
  var beginning: Duration {
    let now = Duration.now
    return now - instant < .milliseconds(5) ? instant : now
  }

  /// Whether there is anything to do later.
  var hasTimers: Bool { nextTimer() != nil }

  /// At an instant of ``Duration/now``, or as soon as may be after it.
  func at(_ deadline: Duration, _ action: @escaping () -> Void) -> Timer {
    let timer = Timer(deadline, action)
    timers.insert(timer)
    return timer
  }
}

// MARK: descriptors

extension Poller {
  /// What a descriptor is ready for.
  struct Readiness: OptionSet {
    let rawValue: UInt32

    static let toRead = Readiness(rawValue: EPOLLIN.rawValue)
    static let toWrite = Readiness(rawValue: EPOLLOUT.rawValue)
    /// Of the peer's side, or of both, or broken: what reading or `SO_ERROR` says.
    static let ended = Readiness(
      rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)
  }

  private static let numbers = 0x7fff_ffff

  /// Letters of other threads that one turn reads.
  private static let lettersATurn = 16

  /// The most that one event reads from a stream.
  static let bytesAnEvent = 1 << 12

  /// The most datagrams that one event reads.
  static let datagramsAnEvent = 16

  /// Tells each time that a descriptor becomes ready anew (`EPOLLET`), until ``close(_:)``. Watching
  /// a descriptor again replaces its callback; the interest stays.
  ///
  /// Fails without memory, or beyond `fs.epoll.max_user_watches`.
  func watch(
    _ descriptor: Int32, for interest: Readiness, _ act: @escaping (Readiness) -> Void
  ) throws(Failure) {
    if let number = watches[descriptor]?.number {
      watches[descriptor] = Watch(number: number, act: act)
      return
    }
    lastNumber += 1
    let events = interest.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
    guard add(descriptor, events, number: lastNumber & Self.numbers) else {
      throw Failure("cannot wait for an answer: \(errorText(errno))", fault: .ours)
    }
    watches[descriptor] = Watch(number: lastNumber, act: act)
  }

  private func add(_ descriptor: Int32, _ interest: UInt32, number: Int) -> Bool {
    var event = epoll_event()
    event.events = interest
    event.data.u64 = UInt64(number) << 32 | UInt64(descriptor)
    return epoll_ctl(mailbox.epoll, EPOLL_CTL_ADD, descriptor, &event) == 0
  }

  /// Tells again in the next turn that a watched descriptor is ready to be read, after everybody else
  /// had theirs: whoever sends without end gets no more turns than others.
  func readAgain(_ descriptor: Int32) {
    if let number = watches[descriptor]?.number { unread.append((descriptor, number)) }
  }

  /// Gives up a watched descriptor, which stays open, to somebody else.
  func release(_ descriptor: Int32) {
    watches[descriptor] = nil
    var event = epoll_event()
    epoll_ctl(mailbox.epoll, EPOLL_CTL_DEL, descriptor, &event)
  }

  /// Opens something, by a spare descriptor where the process has no other. `open` returns a
  /// descriptor, or sets `errno`.
  func open(_ open: () -> Int32) -> Int32 {
    let descriptor = open()
    return descriptor < 0 && errno == EMFILE && spares.free() ? open() : descriptor
  }

  /// A non-blocking socket that commands don't inherit.
  func openSocket(
    _ family: Family, _ type: __socket_type, _ number: Int32 = 0
  ) throws(Failure) -> Int32 {
    let flags = Int32(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let made = open { socket(family == .inet ? AF_INET : AF_INET6, flags, number) }
    guard made >= 0 else {
      throw Failure("cannot open a socket: \(errorText(errno))", fault: .ours)
    }
    return made
  }

  /// Whether one may stay open without use. It has the lowest number that was free: half of all
  /// that there may be (`RLIMIT_NOFILE`) are left to tries.
  func canKeep(_ descriptor: Int32) -> Bool { descriptor < mostKept }

  /// Nothing is told of it any more.
  func close(_ descriptor: Int32) {
    watches[descriptor] = nil
    Glibc.close(descriptor)
    spares.refill(from: mailbox.bell)
  }
}

// MARK: numbers

extension Poller {
  /// A number that nobody else can know, without a system call each.
  func token() -> UInt64 {
    lastNumber += 1
    return UInt64(bitPattern: Int64(Hasher.hash(secret, lastNumber)))
  }
}

extension Hasher {
  /// SipHash with a key of this process.
  fileprivate static func hash(_ secret: UInt64, _ number: Int) -> Int {
    var hasher = Hasher()
    hasher.combine(secret)
    hasher.combine(number)
    return hasher.finalize()
  }
}

// MARK: streams of other threads

extension Poller {
  /// A number under which other threads ``tell(_:_:)`` what becomes of a stream.
  func hear(_ hearer: @escaping (StreamEvent) -> Void) -> Int {
    lastNumber += 1
    hearers[lastNumber] = hearer
    return lastNumber
  }

  func tell(_ number: Int, _ event: StreamEvent) { hearers[number]?(event) }

  func hearNoMore(_ number: Int) { hearers[number] = nil }
}
