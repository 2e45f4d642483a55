internal import CLinux
import Events
internal import Glibc
internal import HeapModule
import Model

/// Waits for descriptors, instants and letters, and acts on each, all on one thread.
///
/// Probing thousands of addresses a second is little else than this: a channel of SwiftNIO for each
/// attempt costs several times what the kernel does for it.
final class Poller {
  let mailbox: Mailbox
  private let loop: EventLoop
  /// What goes on on it; nil: nothing that goes on.
  var runners: Runners?
  private var timers = Heap<Timer>()
  private var watches: [Int32: Watch] = [:]
  private var hearers: [Int: (StreamEvent) -> Void] = [:]
  private var lastNumber = 0
  private let secret = UInt64.random(in: 0...UInt64.max)
  private var events = EventLoop.Events(atMost: 256)
  /// Events acted on since timers last fired.
  private var eventsSinceTimers = 0
  /// Descriptors that have more to read than one turn takes.
  private var unread: [(descriptor: Int32, number: Int)] = []
  private var spares: Spares
  /// When it last began to act on timers.
  private var instant = Instant.now
  private let mostKept: Int32
  /// What it has just read, for whoever reads.
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

  /// Acts on what happens until `isDone`, which is asked after each time.
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
      // What an earlier one of these closed may be another's descriptor by now.
      guard let watch = watches[descriptor], watch.number & Self.numbers == number else { continue }
      watch.act(readiness)
    }
    for (descriptor, number) in unread where watches[descriptor]?.number == number {
      watches[descriptor]?.act(.toRead)
    }
    if hasLetters { for letter in mailbox.take(atMost: Self.lettersATurn) { letter(self) } }
    // An answer that has come is no timeout, however late this thread is: timers wait until each
    // descriptor that was ready had its turn. epoll lists one that is ready anew behind the others,
    // so that is after as many events as there are descriptors, however many more keep coming.
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
    // The past: what is ready now.
    let instant = unread.isEmpty ? nextTimer()?.deadline : self.instant
    loop.wait(for: &events, until: instant)
  }
}

// MARK: instants

extension Poller {
  /// Something to do at an instant, unless it is cancelled before.
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

  /// What is begun together begins at one instant, and so ends together; unless this thread was held
  /// up since.
  var beginning: Instant {
    let now = Instant.now
    return now - instant < .milliseconds(5) ? instant : now
  }

  /// Whether there is anything to do later.
  var hasTimers: Bool { nextTimer() != nil }

  /// At an instant of ``Instant``, or as soon as may be after it.
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

  /// Letters of other threads that one turn reads.
  private static let lettersATurn = 16

  /// The most that one event reads from a stream.
  static let bytesAnEvent = 1 << 12

  /// The most datagrams that one event reads.
  static let datagramsAnEvent = 16

  /// Tells each time that a descriptor becomes ready anew (`onceAnew`), until ``close(_:)``. Watching
  /// a descriptor again replaces its callback; the interest stays.
  ///
  /// Fails without memory, or beyond `fs.epoll.max_user_watches`.
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

  /// Tells again in the next turn that a watched descriptor is ready to be read, after everybody else
  /// had theirs: whoever sends without end gets no more turns than others.
  func readAgain(_ descriptor: Int32) {
    if let number = watches[descriptor]?.number { unread.append((descriptor, number)) }
  }

  /// Gives up a watched descriptor, which stays open, to somebody else.
  func release(_ descriptor: Int32) {
    watches[descriptor] = nil
    loop.remove(descriptor)
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
  ) throws(ProbeFailure) -> Int32 {
    let flags = Int32(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let made = open { socket(family == .inet ? AF_INET : AF_INET6, flags, number) }
    guard made >= 0 else {
      throw ProbeFailure("cannot open a socket: \(errorText(errno))", fault: .ours)
    }
    return made
  }

  /// Whether one may stay open without use. It has the lowest number that was free: half of all
  /// that there may be (`RLIMIT_NOFILE`) are left to attempts.
  func canKeep(_ descriptor: Int32) -> Bool { descriptor < mostKept }

  /// Nothing is told of it any more.
  func close(_ descriptor: Int32) {
    watches[descriptor] = nil
    Glibc.close(descriptor)
    spares.refill(from: loop.descriptor)
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
