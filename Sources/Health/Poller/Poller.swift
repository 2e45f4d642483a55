internal import CLinux
import Events
internal import Glibc
internal import HeapModule
import Model

/// Waits for descriptors, instants and letters, and acts on them, all on one thread.
///
/// Probing thousands of addresses a second is hardly more than this: a SwiftNIO channel for each
/// attempt costs several times what the kernel does for it.
final class Poller {
  let mailbox: Mailbox
  private let loop: EventLoop
  /// The probes that run on it; nil for single attempts.
  var runners: Runners?
  private var timers = Heap<Timer>()
  private var watches: [Int32: Watch] = [:]
  private var hearers: [Int: (StreamEvent) -> Void] = [:]
  private var lastNumber = 0
  private let secret = UInt64.random(in: 0...UInt64.max)
  private var events = EventLoop.Events(atMost: 256)
  /// How many events were handled since timers last fired.
  private var eventsSinceTimers = 0
  /// Descriptors with more to read than one turn takes.
  private var unread: [(descriptor: Int32, number: Int)] = []
  private var spares: Spares
  /// When it last began to fire timers.
  private var instant = Instant.now
  private let mostKept: Int32
  /// What has just been read.
  var buffer = [UInt8](repeating: 0, count: 1 << 16)

  private struct Watch {
    let number: Int
    let act: (Readiness) -> Void
  }

  init(_ mailbox: Mailbox) {
    self.mailbox = mailbox
    loop = mailbox.loop
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    mostKept = Int32(clamping: limit.rlim_cur / 2)
    spares = Spares(of: loop.descriptor, atMost: Int(clamping: limit.rlim_cur / 16))
  }

  deinit {
    for descriptor in watches.keys { Glibc.close(descriptor) }
    spares.close()
  }

  /// Handles events until `isDone`, which is asked after each turn.
  func run(until isDone: () -> Bool) {
    while !isDone() { turn() }
  }

  private func turn() {
    wait()
    let unread = unread
    self.unread.removeAll(keepingCapacity: true)
    var hasLetters = false
    for index in 0..<events.count {
      let (token, readiness) = events[index]
      if token == EventLoop.woken {
        hasLetters = true
        continue
      }
      let (number, descriptor) = (Int(token >> 32), Int32(token & 0x7fff_ffff))
      // An earlier event may have closed it, and the descriptor may be another's by now.
      guard let watch = watches[descriptor], watch.number & Self.numbers == number else { continue }
      watch.act(readiness)
    }
    for (descriptor, number) in unread where watches[descriptor]?.number == number {
      watches[descriptor]?.act(.toRead)
    }
    if hasLetters { for letter in mailbox.take(atMost: Self.lettersATurn) { letter(self) } }
    // An answer that has arrived is no timeout, however late this thread is: timers wait until each
    // ready descriptor has had its turn. epoll puts a descriptor that becomes ready again behind
    // the others, so that is after as many events as there are descriptors, however many more keep
    // arriving.
    eventsSinceTimers += events.count
    if events.isFull, eventsSinceTimers < watches.count { return }
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

  private func wait() {
    // An instant in the past: only polls what is ready.
    let instant = unread.isEmpty ? nextTimer()?.deadline : self.instant
    loop.wait(for: &events, until: instant)
  }
}

// MARK: instants

extension Poller {
  /// Runs an action at an instant, unless it is cancelled before.
  final class Timer: Comparable {
    fileprivate let deadline: Instant
    private var action: (() -> Void)?

    fileprivate init(_ deadline: Instant, _ action: @escaping () -> Void) {
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

  /// The instant at which attempts of this turn begin, and from which they time out together; the
  /// present one if this thread was held up since.
  var beginning: Instant {
    let now = Instant.now
    return now - instant < .milliseconds(5) ? instant : now
  }

  /// Whether any timer is pending.
  var hasTimers: Bool { nextTimer() != nil }

  /// Runs the action at an instant, or as soon as possible after it.
  func at(_ deadline: Instant, _ action: @escaping () -> Void) -> Timer {
    let timer = Timer(deadline, action)
    timers.insert(timer)
    return timer
  }
}

// MARK: descriptors

extension Poller {
  typealias Readiness = EventLoop.Readiness

  private static let numbers = 0x7fff_ffff

  /// How many letters of other threads one turn reads.
  private static let lettersATurn = 16

  /// How many bytes one event reads from a stream at most.
  static let bytesAnEvent = 1 << 12

  /// How many datagrams one event reads at most.
  static let datagramsAnEvent = 16

  /// Calls back each time that a descriptor becomes ready (`onceAnew`), until ``close(_:)``.
  /// Watching a descriptor again replaces its callback; the interest stays.
  ///
  /// Fails if out of memory, or beyond `fs.epoll.max_user_watches`.
  func watch(
    _ descriptor: Int32, for interest: Readiness, _ act: @escaping (Readiness) -> Void
  ) throws(ProbeFailure) {
    if let number = watches[descriptor]?.number {
      watches[descriptor] = Watch(number: number, act: act)
      return
    }
    lastNumber += 1
    let token = UInt64(lastNumber & Self.numbers) << 32 | UInt64(descriptor)
    do throws(Errno) {
      try loop.add(descriptor, for: [interest, .hangup, .onceAnew], as: token)
    } catch {
      throw ProbeFailure("cannot wait for an answer: \(error)", fault: .ours)
    }
    watches[descriptor] = Watch(number: lastNumber, act: act)
  }

  /// Reports a watched descriptor as readable again in the next turn, after everybody else: whoever
  /// sends without end gets no more turns than others.
  func readAgain(_ descriptor: Int32) {
    if let number = watches[descriptor]?.number { unread.append((descriptor, number)) }
  }

  /// Stops watching a descriptor, which stays open, and leaves it to the caller.
  func release(_ descriptor: Int32) {
    watches[descriptor] = nil
    loop.remove(descriptor)
  }

  /// Opens something, with a spare descriptor if the process has no other left. `open` returns a
  /// descriptor, or sets `errno`.
  func open(_ open: () -> Int32) -> Int32 {
    let descriptor = open()
    return descriptor < 0 && errno == EMFILE && spares.free() ? open() : descriptor
  }

  /// A non-blocking socket that child processes don't inherit.
  func openSocket(
    _ family: Family, _ type: __socket_type, _ number: Int32 = 0
  ) throws(ProbeFailure) -> Int32 {
    let flags = Int32(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let made = open { socket(family == .inet ? AF_INET : AF_INET6, flags, number) }
    guard made >= 0 else {
      throw ProbeFailure("cannot open a socket: \(errorText(errno))", fault: .ours)
    }
    return made
  }

  /// Whether a descriptor may stay open unused. New ones get the lowest free number: half of all
  /// that are allowed (`RLIMIT_NOFILE`) are left to attempts.
  func canKeep(_ descriptor: Int32) -> Bool { descriptor < mostKept }

  /// Closes it; nothing is reported for it any more.
  func close(_ descriptor: Int32) {
    watches[descriptor] = nil
    Glibc.close(descriptor)
    spares.refill(from: loop.descriptor)
  }
}

// MARK: numbers

extension Poller {
  /// A number that nobody else can know, without a system call for each.
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
  /// Registers a callback; other threads ``tell(_:_:)`` it a stream's events by the number that
  /// this returns.
  func hear(_ hearer: @escaping (StreamEvent) -> Void) -> Int {
    lastNumber += 1
    hearers[lastNumber] = hearer
    return lastNumber
  }

  func tell(_ number: Int, _ event: StreamEvent) { hearers[number]?(event) }

  func hearNoMore(_ number: Int) { hearers[number] = nil }
}
