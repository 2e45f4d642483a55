internal import CLinux
internal import Events
internal import Glibc
public import Model
internal import Synchronization
internal import VRRP

/// Tells links which addresses are here now, on a thread of its own: gratuitous ARP and neighbor
/// advertisements, as soon as the kernel has the address, a few times more, and once a minute, since
/// switches forget; again after the link was down, and whenever ``refresh(_:)`` asks for it.
public final class Announcer: Sendable {
  /// An address on a link.
  public struct Place: Hashable, Sendable {
    public var link: LinkName
    public var address: IPAddress

    public init(_ address: IPAddress, on link: LinkName) {
      self.address = address
      self.link = link
    }
  }

  struct Request {
    var places: Set<Place> = []
    var refreshed: Set<Place> = []
    var isEnd = false
  }

  private let request = Mutex(Request())
  private let sent = Atomic<Int>(0)
  private let failed = Atomic<Int>(0)
  private let loop: EventLoop
  private let thread: Mutex<Thread?>

  /// In the caller's network namespace.
  public init() throws(SpeakerError) {
    do throws(Errno) {
      loop = try EventLoop()
    } catch {
      throw SpeakerError("announce addresses", error.code)
    }
    thread = Mutex(nil)
    let sockets = try LinkSockets()
    do throws(Errno) {
      try loop.add(sockets.monitor, for: .toRead, as: 0)
      let thread = try Thread("announce") { [self] in run(sockets) }
      self.thread.withLock { $0 = thread }
    } catch {
      throw SpeakerError("announce addresses", error.code)
    }
  }

  // MARK: - From any thread

  /// Announces these from now on, each once the kernel has it, and no others.
  public func announce(_ places: Set<Place>) {
    let isNews = request.withLock { request in
      defer { request.places = places }
      return request.places != places
    }
    if isNews { loop.wake() }
  }

  /// Announces these again: somebody else may have, too.
  public func refresh(_ places: Set<Place>) {
    request.withLock { $0.refreshed.formUnion(places) }
    loop.wake()
  }

  /// Packets that were sent, and that weren't.
  public var counts: (sent: Int, failed: Int) {
    (sent.load(ordering: .relaxed), failed.load(ordering: .relaxed))
  }

  /// To be called once.
  public func stop() {
    request.withLock { $0.isEnd = true }
    loop.wake()
    thread.withLock { $0.take() }?.join()
  }

  // MARK: - The thread

  private func run(_ sockets: LinkSockets) {
    var schedule = AnnouncementSchedule()
    var events = EventLoop.Events(atMost: 4)
    while true {
      loop.wait(for: &events, until: schedule.next)
      // Cleared first: what is asked or heard from now on wakes again.
      loop.clearWake()
      sockets.drainMonitor()
      let request = request.withLock { request in
        defer { request.refreshed = [] }
        return request
      }
      if request.isEnd { return }
      guard let interfaces = try? Interfaces() else { continue }
      let now = Instant.now
      schedule.update(request.places, in: interfaces, at: now)
      schedule.restart(request.refreshed, at: now)
      for place in schedule.takeDue(at: now) {
        guard let interface = interfaces[place.link.text] else { continue }
        if sockets.announce(place.address, by: interface) {
          sent.add(1, ordering: .relaxed)
        } else {
          failed.add(1, ordering: .relaxed)
        }
      }
    }
  }
}

/// What is announced when.
struct AnnouncementSchedule {
  private struct Entry {
    var mac: [UInt8]
    /// From the address's coming on, or from when it was to be announced anew.
    var repetition: Repetition
  }

  private var entries: [Announcer.Place: Entry] = [:]
  /// From one announcement to the next: a host that misses one hears another soon.
  private static let pauses: [Duration] = [.milliseconds(200), .seconds(1), .seconds(3)]

  var next: Instant? { entries.values.map(\.repetition.due).min() }

  /// An address that isn't in the kernel, or whose link has no carrier, waits: it starts anew when it is.
  mutating func update(
    _ places: Set<Announcer.Place>, in interfaces: Interfaces, at now: Instant
  ) {
    var before: [Announcer.Place: Entry] = [:]
    swap(&entries, &before)
    for place in places {
      guard let interface = interfaces[place.link.text], interface.isUp, !interface.mac.isEmpty,
        interface.addresses.contains(place.address)
      else { continue }
      if let entry = before[place], entry.mac == interface.mac {
        entries[place] = entry
      } else {
        entries[place] = Entry(mac: interface.mac, repetition: Repetition(due: now))
      }
    }
  }

  mutating func restart(_ places: Set<Announcer.Place>, at now: Instant) {
    for place in places where entries[place] != nil {
      entries[place]!.repetition = Repetition(due: now)
    }
  }

  mutating func takeDue(at now: Instant) -> [Announcer.Place] {
    let due = Repetition.due(entries.mapValues(\.repetition), at: now)
    for place in due { entries[place]!.repetition.advance(from: now, by: Self.pauses) }
    return due
  }
}

extension LinkSockets {
  func announce(_ address: IPAddress, by interface: Interfaces.Interface) -> Bool {
    var bytes = [UInt8](repeating: 0, count: Announcement.capacity)
    var span = bytes.mutableSpan
    let count = Announcement.write(address, at: interface.mac.span, into: &span)
    return send(bytes, count: count, as: address.family == .inet ? .arp : .ipv6, by: interface)
  }
}
