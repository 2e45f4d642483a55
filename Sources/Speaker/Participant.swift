internal import CLinux
internal import Events
internal import Glibc
import Model
import VRRP

/// One virtual router's part in its election: the machine, what it sends by, and what it hears.
// A class: the speaker's thread alone has it, and changes it in place.
final class Participant {
  let id: Speaker.ID
  private let readings: Readings
  private let loop: EventLoop
  private let say: (Report.News) -> Void
  private(set) var machine: Machine
  /// Whether its sync group has to look at it.
  var isUnsettled = false
  private var codec: Codec
  private var line = Line.absent
  /// Kept from being master by what is tracked.
  private var isBarred = false
  private var sockets = PerFamily<AdvertisementSocket?>(both: nil)
  /// On the links with the virtual MACs: a master advertises there, and hears another master of the same
  /// MAC there alone.
  private var virtualSockets = PerFamily<AdvertisementSocket?>(both: nil)
  /// When to open sockets again that couldn't be opened.
  private var opensAt: Instant?
  private var counts = DiscardCounts()
  private var followed = PerFamily<IPAddress?>(both: nil)
  /// Of the last send; 0: it worked.
  private var failure: Int32 = 0
  private var saidLate: Instant?
  private var buffer = [UInt8](repeating: 0, count: Codec.capacity)

  private static let pause = Duration.seconds(60)

  init(
    _ id: Speaker.ID, _ router: VirtualRouter, hmac: HMAC?, on loop: EventLoop,
    readings: Readings, say: @escaping (Report.News) -> Void
  ) {
    self.id = id
    self.readings = readings
    self.loop = loop
    self.say = say
    machine = Machine(router)
    codec = Codec(router, hmac: hmac)
    readings.set(priority: router.priority)
  }

  /// When ``elapse(at:)`` is due.
  var deadline: Instant? {
    guard let opensAt else { return machine.nextDeadline }
    return machine.nextDeadline.map { min($0, opensAt) } ?? opensAt
  }

  // MARK: - Events

  func handle(_ event: Event, at now: Instant) {
    let before = machine.standing
    carryOut(machine.step(event, at: now), at: now)
    if machine.standing != before { isUnsettled = true }
    readings.set(priority: machine.priority)
  }

  func configure(_ router: VirtualRouter, hmac: HMAC?, at now: Instant) {
    codec = Codec(router, hmac: hmac)
    carryOut(machine.configure(router, at: now), at: now)
  }

  func bar(_ isBarred: Bool, at now: Instant) {
    self.isBarred = isBarred
    judge(at: now)
  }

  /// Reads what waits, then does what is due: whoever was held up must not take over from a master whose
  /// advertisements wait in the socket. `now` is from before the reading.
  func elapse(at now: Instant) {
    if let opensAt, opensAt <= now { open(at: now) }
    guard let due = machine.nextDeadline, due <= now else { return }
    let lateness = now.nanoseconds - due.nanoseconds
    let isTooLate = lateness > machine.router.interval.nanoseconds / 10
    readings.note(lateness: lateness, isTooLate: isTooLate)
    if isTooLate, saidLate.map({ now >= $0 + Self.pause }) ?? true {
      saidLate = now
      say(.late(.nanoseconds(lateness)))
    }
    listen(at: now)
    handle(.elapsed, at: now)
  }

  private func carryOut(_ step: Step, at now: Instant) {
    if let priority = step.advertisement {
      advertise(priority, at: now)
      readings.spoke(at: now, interval: machine.router.interval.nanoseconds)
    }
    if let transition = step.transition {
      readings.set(transition.to)
      say(.transition(transition, at: now))
    } else if step.announces {
      say(.announces)
    }
    let followed = machine.followed
    if followed != self.followed {
      self.followed = followed
      say(.follows(followed))
    }
  }

  // MARK: - The link

  /// Takes the link as it is now.
  func take(_ line: Line, at now: Instant) {
    let before = self.line
    self.line = line
    if line.link != before.link {
      // On the old one first: what is master there leaves.
      handle(.faulty(true), at: now)
      close()
      open(at: now)
    }
    for family in Family.allCases where line.virtual[family]?.link != before.virtual[family]?.link {
      openVirtual(family)
    }
    for family in Family.allCases where line.primaries[family] != before.primaries[family] {
      handle(.primary(family, line.primaries[family]), at: now)
    }
    judge(at: now)
  }

  private func judge(at now: Instant) {
    handle(.faulty(isBarred || !line.isUp || line.link == nil || opensAt != nil), at: now)
  }

  private func open(at now: Instant) {
    opensAt = nil
    guard let link = line.link else { return }
    do throws(SpeakerError) {
      for family in Family.allCases where machine.router.families[family] {
        let socket = try AdvertisementSocket(family, link: link)
        try socket.prepareToSend()
        do throws(Errno) {
          try loop.add(socket.descriptor, for: .toRead, as: UInt64(id))
        } catch {
          throw SpeakerError("wait for advertisements", error.code)
        }
        sockets[family] = socket
      }
    } catch {
      close()
      opensAt = now + .seconds(1)
      say(.broken(error))
    }
    judge(at: now)
  }

  /// Without it, advertisements leave with the link's own MAC, which is all the same to peers.
  private func openVirtual(_ family: Family) {
    virtualSockets[family] = nil
    guard let link = line.virtual[family]?.link, machine.router.families[family] else { return }
    do throws(SpeakerError) {
      let socket = try AdvertisementSocket(family, link: link)
      try socket.prepareToSend()
      try socket.allowForeignSource()
      do throws(Errno) {
        try loop.add(socket.descriptor, for: .toRead, as: UInt64(id))
      } catch {
        throw SpeakerError("wait for advertisements", error.code)
      }
      virtualSockets[family] = socket
    } catch {
      say(.broken(error))
    }
  }

  /// Epoll forgets a descriptor that is closed.
  private func close() { sockets = PerFamily(both: nil) }

  // MARK: - Packets

  func listen(at now: Instant) {
    sockets.inet.map { listen($0, at: now) }
    sockets.inet6.map { listen($0, at: now) }
    virtualSockets.inet.map { listen($0, isVirtual: true, at: now) }
    virtualSockets.inet6.map { listen($0, isVirtual: true, at: now) }
  }

  private func listen(_ socket: AdvertisementSocket, isVirtual: Bool = false, at now: Instant) {
    socket.drain { message, envelope in
      do throws(Discard) {
        let advertisement = try codec.read(
          message, in: envelope, own: line.primaries[envelope.family], utc: .now)
        readings.countReceived()
        handle(.received(advertisement, from: envelope.source), at: now)
      } catch {
        // What has another MAC than ours arrives on both links.
        if isVirtual, error.reason == .replay { return }
        discard(error, from: envelope.source, at: now)
      }
    } refused: {
      discard($0, from: nil, at: now)
    }
  }

  private func discard(_ discard: Discard, from source: IPAddress?, at now: Instant) {
    readings.count(discard.reason)
    if counts.record(discard.reason, at: now) { say(.discarded(discard, from: source)) }
  }

  private func advertise(_ priority: UInt8, at now: Instant) {
    var failure: Int32 = 0
    for family in Family.allCases {
      guard let socket = sockets[family], let source = line.primaries[family] else { continue }
      if machine.router.peers.isEmpty {
        let code = sendToGroup(priority, by: socket, from: source)
        if code != 0 { failure = code }
      } else {
        for peer in machine.router.peers where peer.family == family {
          let code = send(priority, by: socket, from: source, to: peer)
          if code != 0 { failure = code }
        }
      }
    }
    // Of a peer that comes and goes, each change is said.
    if failure != self.failure {
      self.failure = failure
      say(.sendFails(failure))
    }
  }

  /// From the virtual MAC where there is one: then switches know the way to it.
  private func sendToGroup(
    _ priority: UInt8, by socket: AdvertisementSocket, from source: IPAddress
  ) -> Int32 {
    let group = VirtualRouter.groups[source.family]
    if let own = virtualSockets[source.family], line.virtual[source.family]?.isUp == true,
      send(priority, by: own, from: source, to: group) == 0
    {
      return 0
    }
    return send(priority, by: socket, from: source, to: group)
  }

  /// 0, or the error's number.
  private func send(
    _ priority: UInt8, by socket: AdvertisementSocket, from source: IPAddress,
    to destination: IPAddress
  ) -> Int32 {
    var span = buffer.mutableSpan
    let count = codec.write(
      priority: priority, from: source, to: destination, utc: .now, into: &span)
    let code = socket.send(buffer.span.extracting(..<count), from: source, to: destination)
    if code == 0 { readings.countSent() }
    return code
  }
}

extension UTC {
  static var now: UTC {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UTC(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
  }
}
