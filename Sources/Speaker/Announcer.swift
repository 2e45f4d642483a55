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
    let sockets = try AnnouncerSockets()
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

  private func run(_ sockets: AnnouncerSockets) {
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
    /// Announcements since the address came, or since it was to be announced anew.
    var count = 0
    var due: Instant
  }

  private var entries: [Announcer.Place: Entry] = [:]
  /// From one announcement to the next: a host that misses one hears another soon.
  private static let pauses: [Duration] = [.milliseconds(200), .seconds(1), .seconds(3)]
  private static let refresh = Duration.seconds(60)

  var next: Instant? { entries.values.map(\.due).min() }

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
        entries[place] = Entry(mac: interface.mac, due: now)
      }
    }
  }

  mutating func restart(_ places: Set<Announcer.Place>, at now: Instant) {
    for place in places where entries[place] != nil {
      entries[place]!.count = 0
      entries[place]!.due = now
    }
  }

  mutating func takeDue(at now: Instant) -> [Announcer.Place] {
    let due = entries.filter { $0.value.due <= now }.map(\.key).sorted {
      ($0.link, $0.address) < ($1.link, $1.address)
    }
    for place in due {
      let count = entries[place]!.count
      entries[place]!.due = now + (count < Self.pauses.count ? Self.pauses[count] : Self.refresh)
      entries[place]!.count += 1
    }
    return due
  }
}

/// A packet socket to announce by, and a netlink socket that tells of links and addresses.
// Immutable descriptors, which the thread alone uses.
final class AnnouncerSockets: Sendable {
  private let packet: Int32
  let monitor: Int32

  init() throws(SpeakerError) {
    let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    // Protocol 0: receives nothing.
    packet = socket(AF_PACKET, Int32(SOCK_DGRAM.rawValue) | flags, 0)
    guard packet >= 0 else { throw SpeakerError("open a packet socket (CAP_NET_RAW)", errno) }
    monitor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | flags, Int32(NETLINK_ROUTE))
    guard monitor >= 0 else {
      close(packet)
      throw SpeakerError("watch links", errno)
    }
    var address = sockaddr_nl()
    address.nl_family = sa_family_t(AF_NETLINK)
    address.nl_groups = UInt32(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(monitor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
      }
    }
    guard code == 0 else { throw SpeakerError("watch links", errno) }
  }

  deinit {
    close(packet)
    close(monitor)
  }

  /// Throws away what it told: a look at all links follows.
  func drainMonitor() {
    withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 8) { buffer in
      // ENOBUFS: messages were lost, which a look makes good, too.
      while recv(monitor, buffer.baseAddress, buffer.count, 0) >= 0 || errno == ENOBUFS {}
    }
  }

  func announce(_ address: IPAddress, by interface: Interfaces.Interface) -> Bool {
    var bytes = [UInt8](repeating: 0, count: Announcement.capacity)
    var span = bytes.mutableSpan
    let count = Announcement.write(address, at: interface.mac.span, into: &span)
    var target = sockaddr_ll()
    target.sll_family = UInt16(AF_PACKET)
    target.sll_ifindex = Int32(bitPattern: interface.number)
    target.sll_halen = 6
    switch address.family {
    case .inet:
      target.sll_protocol = UInt16(ETH_P_ARP).bigEndian
      target.sll_addr = (0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0)
    case .inet6:
      target.sll_protocol = UInt16(ETH_P_IPV6).bigEndian
      target.sll_addr = (0x33, 0x33, 0, 0, 0, 1, 0, 0)
    }
    return withUnsafePointer(to: target) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(packet, bytes, count, 0, $0, socklen_t(MemoryLayout<sockaddr_ll>.size)) == count
      }
    }
  }
}
