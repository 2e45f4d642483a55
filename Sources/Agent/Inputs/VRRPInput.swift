import Events
import JSON
import Model
import Speaker
import Synchronization
import VRRP

/// Virtual routers: each says whether this machine is its master.
final class VRRPInput: Input {
  struct Router {
    var instance: VRRPInstance
    let id: Speaker.ID
    let readings: Readings
    var line = Line.absent
    var isBarred = false
    var priority: UInt8
    /// The masters that are heard, by family.
    var followed = PerFamily<IPAddress?>(both: nil)
    var last: (transition: Transition, at: WallClock)?
    var transitions: [Role: Int] = [:]
    /// Why it can't take part.
    var failure: String?
  }

  struct Content {
    var speaker: Speaker?
    var routers: [Signal: Router] = [:]
    /// What makes the thread punctual was refused.
    var refused: [String] = []
    /// Why there is no speaker.
    var failure: String?
    /// Addresses that advertisements are never sent from.
    var virtual: Set<IPAddress> = []
    /// IPv6 addresses whose duplicate detection is over, by their links: no other is a source.
    var ready: Set<Announcer.Place> = []
    var states: [Signal: Signal.State] = [:]
    /// When those that leave have left at the latest.
    var leavesUntil: Instant?
    /// When to see whether the speaker still speaks, while any of them is master.
    var looksAt: Instant?
  }

  private let content = Mutex(Content())
  private let inbox: Inbox
  private let log: Log
  private let announcer: AnnouncementOutput

  init(telling inbox: Inbox, log: Log, announcer: AnnouncementOutput) {
    self.inbox = inbox
    self.log = log
    self.announcer = announcer
  }

  func signals(of desired: DesiredState) -> Set<Signal> {
    Set(desired.inputs[VRRPInstance.self].map(\.signal))
  }

  // MARK: - The file

  func update(_ desired: DesiredState) {
    let instances = desired.inputs[VRRPInstance.self]
    content.withLock { content in
      if content.speaker == nil, !instances.isEmpty { start(&content) }
      guard let speaker = content.speaker else { return }
      content.virtual = Self.virtualAddresses(desired, instances)
      let wanted = Dictionary(instances.map { ($0.signal, $0) }) { first, _ in first }
      for (signal, router) in content.routers {
        if let instance = wanted[signal], instance.isSameElection(as: router.instance) { continue }
        speaker.remove(router.id)
        content.routers[signal] = nil
      }
      let new = instances.filter { content.routers[$0.signal] == nil }
      for (instance, added) in zip(new, speaker.add(new.map(\.router))) {
        content.routers[instance.signal] = Router(
          instance: instance, id: added.id, readings: added.readings,
          priority: instance.router.priority)
      }
      for instance in instances {
        if content.routers[instance.signal]!.instance.router != instance.router {
          speaker.configure(content.routers[instance.signal]!.id, instance.router)
        }
        content.routers[instance.signal]!.instance = instance
      }
      observe(&content)
      weigh(&content)
    }
  }

  private func start(_ content: inout Content) {
    do throws(SpeakerError) {
      content.speaker = try Speaker(hmac: HMACSHA256.code) { [inbox] in inbox.loop.wake() }
      content.failure = nil
    } catch {
      content.failure = "\(error)"
      log.error("vrrp", ["error": error])
    }
  }

  /// Those that the file lists or puts on a link by a virtual router's signal; an owner's are its own.
  private static func virtualAddresses(
    _ desired: DesiredState, _ instances: [VRRPInstance]
  ) -> Set<IPAddress> {
    let moving = desired.conditional.compactMap { object -> IPAddress? in
      guard object.when?.signals.contains(where: { $0.source == .vrrp }) == true else { return nil }
      return object.object.as(Address.self)?.address.address
    }
    let listed = instances.filter { $0.router.priority != VirtualRouter.owner }
      .flatMap(\.router.addresses)
    return Set(moving + listed)
  }

  // MARK: - The kernel, and other signals

  func states(in observed: NetworkState, for desired: DesiredState) -> [Signal: Signal.State] {
    content.withLock { content in
      if content.speaker == nil, !desired.inputs[VRRPInstance.self].isEmpty { start(&content) }
      content.ready = Set(
        observed.addresses.filter { $0.address.family == .inet6 && $0.detection == .over }
          .map { Announcer.Place($0.address.address, on: $0.link) })
      observe(&content)
      // Down where nothing is known: nobody but a master has what moves with the signal, also when the
      // daemon before this one died as master.
      let all = desired.inputs[VRRPInstance.self].map { ($0.signal, Signal.State.down) }
      return Dictionary(all) { first, _ in first }.merging(levels(&content)) { $1 }
    }
  }

  private func levels(_ content: inout Content) -> [Signal: Signal.State] {
    let now = Instant.now
    let hasMaster = content.routers.values.contains { $0.readings.state == .master }
    content.looksAt = hasMaster ? now + .seconds(1) : nil
    return content.routers.mapValues { $0.readings.isMaster(at: now) ? .up : .down }
  }

  /// What is known of a virtual router at any time; nil if there is none that says this signal.
  func readings(of signal: Signal) -> Readings? {
    content.withLock { $0.routers[signal]?.readings }
  }

  /// Tells the speaker what became of the links.
  private func observe(_ content: inout Content) {
    guard let speaker = content.speaker, !content.routers.isEmpty,
      let interfaces = try? Interfaces()
    else { return }
    for (signal, router) in content.routers {
      let line = router.instance.line(
        in: interfaces, without: content.virtual, ready: content.ready)
      guard line != router.line else { continue }
      content.routers[signal]!.line = line
      speaker.tell(router.id, line)
    }
  }

  func heed(_ states: [Signal: Signal.State]) {
    content.withLock { content in
      guard !content.routers.isEmpty else { return }
      content.states = states
      weigh(&content)
    }
  }

  /// Tells the speaker what the tracked conditions make of the priorities.
  private func weigh(_ content: inout Content) {
    guard let speaker = content.speaker else { return }
    for (signal, router) in content.routers {
      let (priority, isBarred) = router.instance.weighed(given: content.states)
      if priority != router.priority {
        speaker.tell(router.id, priority: priority)
        content.routers[signal]!.priority = priority
      }
      if isBarred != router.isBarred {
        speaker.bar(router.id, isBarred)
        content.routers[signal]!.isBarred = isBarred
      }
    }
  }

  // MARK: - The speaker

  var nextPoll: Instant? {
    content.withLock { content in
      if content.speaker?.hasReports == true { return Instant(nanoseconds: 0) }
      return [content.leavesUntil, content.looksAt].compactMap(\.self).min()
    }
  }

  func poll(_ now: Instant) -> [Signal: Signal.State] {
    content.withLock { content in
      while let report = content.speaker?.take() { note(report, &content) }
      return levels(&content)
    }
  }

  private func note(_ report: Report, _ content: inout Content) {
    guard let id = report.id else {
      if case .refused(let error) = report.news { content.refused.append("\(error)") }
      if case .refused(let error) = report.news, content.refused.count == 1 {
        log.warning(
          "vrrp", ["note": "advertisements may be late on a busy machine", "reason": error])
      }
      return
    }
    guard let signal = content.routers.first(where: { $0.value.id == id })?.key else { return }
    switch report.news {
    case .transition(let transition, _):
      let before = content.routers[signal]!.last.map { Role(after: $0.transition) } ?? .`init`
      let role = Role(after: transition)
      content.routers[signal]!.last = (transition, .now)
      content.routers[signal]!.transitions[role, default: 0] += 1
      log.info(
        "vrrp",
        [
          "name": signal.name, "state": role.rawValue, "was": before.rawValue,
          "reason": transition.reason.words,
        ])
    case .follows(let followed): content.routers[signal]!.followed = followed
    case .announces: announcer.refresh(signal)
    case .discarded(let discard, let source):
      log.warning("vrrp", ["name": signal.name, "discarded": discard, "from": source])
    case .sendFails(let code):
      content.routers[signal]!.failure =
        code == 0 ? nil : "advertisements can't be sent: \(Errno(code))"
      log.write(
        code == 0 ? .info : .warning, "vrrp",
        ["name": signal.name, "sends": code == 0, "error": code == 0 ? nil : Errno(code)])
    case .broken(let error):
      content.routers[signal]!.failure = "\(error)"
      log.error("vrrp", ["name": signal.name, "error": error])
    case .late(let duration):
      log.warning("vrrp", ["name": signal.name, "late": duration.inMilliseconds])
    case .refused: break
    }
  }

  // MARK: - The end

  func leave() {
    content.withLock { content in
      guard let speaker = content.speaker else { return }
      let masters = content.routers.values.filter { $0.readings.state == .master }
      for router in content.routers.values { speaker.yield(router.id) }
      // A master of 40 s would keep its peers waiting longer than whoever stops it waits.
      let longest = masters.map { $0.instance.router.interval.nanoseconds * 5 / 4 }.max() ?? 0
      content.leavesUntil = .now + .nanoseconds(min(longest, 5_000_000_000))
    }
  }

  var isLeaving: Bool {
    content.withLock { content in
      guard let until = content.leavesUntil else { return false }
      let isMaster = content.routers.values.contains { $0.readings.state == .master }
      if !isMaster || .now >= until {
        content.leavesUntil = nil
        for router in content.routers.values { content.speaker?.remove(router.id) }
        content.routers = [:]
        return false
      }
      return true
    }
  }

  func stop() { content.withLock { $0.speaker.take() }?.stop() }

  // MARK: - Accounts

  func reason(for signal: Signal) -> String? {
    content.withLock { content -> String? in
      guard let router = content.routers[signal] else { return content.failure }
      return router.failure
        ?? router.last.map {
          "\(Role(after: $0.transition).rawValue): \($0.transition.reason.words)"
        }
    }
  }

  func status(given states: [Signal: Signal.State]) -> InputStatus {
    content.withLock { content in
      var status = InputStatus()
      for (signal, router) in content.routers {
        status.words[signal] = router.words
        if let failure = router.failure {
          status.notes.append(Trouble(object: "\(signal)", reason: failure))
        }
        if router.readings.late > 0 {
          status.notes.append(
            Trouble(
              object: "\(signal)",
              reason:
                "late by more than a tenth of the interval \(router.readings.late) times, at most "
                + router.readings.maxLateness.inMilliseconds))
        }
      }
      status.notes.sort { ($0.object, $0.reason) < ($1.object, $1.reason) }
      if let failure = content.failure {
        status.notes.append(Trouble(object: "vrrp", reason: failure))
      }
      for refused in content.refused {
        status.notes.append(
          Trouble(
            object: "vrrp", reason: "advertisements may be late on a busy machine: \(refused)"))
      }
      return status
    }
  }

  func measure(into metrics: inout Metrics) {
    content.withLock { content in
      guard let speaker = content.speaker else { return }
      metrics.set(Self.lost, Double(speaker.lost))
      for (signal, router) in content.routers.sorted(by: { $0.key < $1.key }) {
        router.measure([Metrics.Label("name", signal.name)], into: &metrics)
      }
    }
  }
}

extension VRRPInput {
  fileprivate static let lost = Counter(
    "vpngw_vrrp_lost_reports_total",
    "News of the thread that speaks VRRP, for which the loop had no room; the states are right all the same."
  )
}
