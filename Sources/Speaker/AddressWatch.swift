internal import CLinux
internal import Events
internal import Glibc
public import Model
internal import Synchronization

/// Notices who else on a link has an address of ours, on a thread of its own: it hears all ARP, and asks for
/// each address when it comes and once a minute. IPv6 has the kernel's own detection.
public final class AddressWatch: Sendable {
  struct Request {
    var places: Set<Announcer.Place> = []
    var isEnd = false
  }

  private let request = Mutex(Request())
  private let loop: EventLoop
  private let sockets: LinkSockets
  private let tell: @Sendable ([Announcer.Place: MACAddress]) -> Void
  private let thread = Mutex<Thread?>(nil)

  /// In the caller's network namespace, in which ``watch(_:)`` is called too; needs CAP_NET_RAW. `tell` is called on the thread whenever somebody else
  /// has an address, or no longer.
  public init(
    _ tell: @escaping @Sendable ([Announcer.Place: MACAddress]) -> Void
  ) throws(SpeakerError) {
    self.tell = tell
    sockets = try LinkSockets()
    do throws(Errno) {
      loop = try EventLoop()
      try loop.add(sockets.packet, for: .toRead, as: 0)
      try loop.add(sockets.monitor, for: .toRead, as: 1)
    } catch {
      throw SpeakerError("watch addresses", error.code)
    }
  }

  // MARK: - From any thread

  /// Watches these IPv4 addresses from now on, each while the kernel has it, and no others.
  public func watch(_ places: Set<Announcer.Place>) throws(SpeakerError) {
    let isNews = request.withLock { request in
      defer { request.places = places }
      return request.places != places
    }
    guard isNews else { return }
    do throws(Errno) {
      try thread.withLock { thread throws(Errno) in
        if thread == nil { thread = try Thread("addresses") { [self] in run() } }
      }
    } catch {
      throw SpeakerError("watch addresses", error.code)
    }
    loop.wake()
  }

  /// To be called once.
  public func stop() {
    request.withLock { $0.isEnd = true }
    loop.wake()
    thread.withLock { $0.take() }?.join()
  }

  // MARK: - The thread

  private func run() {
    var ledger = ClaimLedger()
    var events = EventLoop.Events(atMost: 4)
    var interfaces: Interfaces?
    var wanted: Set<Announcer.Place> = []
    var told: [Announcer.Place: MACAddress] = [:]
    do {
      // Protocol 0 until now: nothing was received.
      try sockets.listen()
    } catch {
      return
    }
    while true {
      loop.wait(for: &events, until: ledger.next)
      // Cleared first: what is asked or heard from now on wakes again.
      loop.clearWake()
      let request = request.withLock { $0 }
      if request.isEnd { return }
      let now = Instant.now
      if sockets.drainMonitor() || interfaces == nil || request.places != wanted {
        guard let read = try? Interfaces() else { continue }
        interfaces = read
        wanted = request.places
        ledger.update(wanted.filter(read.has), at: now)
      }
      sockets.hear { claim in
        guard let interfaces, !interfaces.macs.contains(claim.mac.bytes),
          let name = interfaces.name(of: claim.link), let link = LinkName(name)
        else { return }
        ledger.hear(Announcer.Place(claim.address, on: link), from: claim.mac, at: now)
      }
      for place in ledger.takeDue(at: now) {
        if let interface = interfaces?[place.link.text] {
          sockets.ask(place.address, by: interface)
        }
      }
      let conflicts = ledger.conflicts
      if conflicts != told {
        told = conflicts
        tell(conflicts)
      }
    }
  }
}

extension Interfaces {
  /// Whether a link that speaks ARP has the address.
  fileprivate func has(_ place: Announcer.Place) -> Bool {
    guard let interface = self[place.link.text], interface.isUp, !interface.mac.isEmpty else {
      return false
    }
    return interface.addresses.contains(place.address)
  }
}

extension LinkSockets {
  /// An ARP packet's sender.
  struct Claim {
    var link: UInt32
    var mac: MACAddress
    var address: IPAddress
  }

  /// Receives from now on, ARP on every link.
  func listen() throws(SpeakerError) {
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    address.sll_protocol = UInt16(ETH_P_ARP).bigEndian
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(packet, $0, socklen_t(MemoryLayout<sockaddr_ll>.size))
      }
    }
    guard code == 0 else { throw SpeakerError("listen to ARP", errno) }
  }

  /// What waits, but not for ever on a link that is flooded.
  func hear(_ claim: (Claim) -> Void) {
    for _ in 0..<256 {
      var bytes = [UInt8](repeating: 0, count: 28)
      var source = sockaddr_ll()
      var length = socklen_t(MemoryLayout<sockaddr_ll>.size)
      let count = withUnsafeMutablePointer(to: &source) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          recvfrom(packet, &bytes, bytes.count, 0, $0, &length)
        }
      }
      // A link that went down says so here, once.
      if count < 0, errno == ENETDOWN || errno == EINTR { continue }
      guard count >= 0 else { return }
      // Ethernet and IPv4 (RFC 826); a question without a sender's address claims none.
      guard count == 28, bytes[..<6].elementsEqual([0, 1, 8, 0, 6, 4]), source.sll_pkttype != 4,
        let mac = MACAddress(bytes: bytes[8..<14]), let address = IPAddress(bytes: bytes[14..<18]),
        !address.isUnspecified
      else { continue }
      claim(
        Claim(link: UInt32(bitPattern: source.sll_ifindex), mac: mac, address: address))
    }
  }

  /// A question without a sender's address, which no host learns from (RFC 5227, section 2.1.1).
  func ask(_ address: IPAddress, by interface: Interfaces.Interface) {
    let value = address.v4
    let target = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    let head: [UInt8] = [0, 1, 8, 0, 6, 4, 0, 1]
    let bytes = head + interface.mac + [UInt8](repeating: 0, count: 10) + target
    // A link that can't send now is asked again later.
    _ = send(bytes, count: bytes.count, as: .arp, by: interface)
  }
}
