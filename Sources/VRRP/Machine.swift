public import Model

/// The election of RFC 9568 section 6, and of RFC 3768 for version 2: events in, steps out.
///
/// The machine is a value that never allocates, reads no clock and does no I/O. The caller reads
/// its socket until it is empty, hands over what it read, and then reports that time has elapsed:
/// in this order, a delayed thread never takes over from a master whose advertisements wait in the
/// socket. Being called early is harmless.
///
/// **Both families are one election.** A master advertises in both; a better master heard in either
/// makes us backup, since there is only one signal. A backup waits until the master is silent in
/// every family that it was heard in: a half-broken network must not make a second master. If the
/// families could disagree, at equal priorities, the IPv4 addresses decide; the IPv6 addresses
/// decide only if the other router is still there a master-down time later, which means that IPv4
/// doesn't get through. So exactly one of two gives way.
///
/// A ``SyncGroup`` stands above its members' machines: what one of them does is passed to the others as
/// an event of their own, in the same turn of the speaker.
public struct Machine: Sendable {
  public enum State: Hashable, Sendable, CaseIterable {
    case initialize, backup
    /// Called Active in RFC 9568.
    case master
  }

  public private(set) var router: VirtualRouter
  public internal(set) var state = State.initialize
  /// The effective priority.
  public internal(set) var priority: UInt8
  /// The master that we follow, by family.
  public var followed: PerFamily<IPAddress?> {
    PerFamily(inet: heard.inet?.source, inet6: heard.inet6?.source)
  }
  /// When a master that yields leaves, even if no peer has taken over.
  var yields: Instant?

  /// A master that we follow in one family.
  struct Heard: Hashable, Sendable {
    var source: IPAddress
    var priority: UInt8
    var at: Instant
    /// Active_Adver_Interval, in nanoseconds.
    var interval: Int64
    /// When it counts as gone.
    var until: Instant
    /// It has announced that it leaves.
    var leaves = false
  }

  var primaries = PerFamily<IPAddress?>(both: nil)
  /// How much earlier we take over than others of our priority, in 131,072ths of an interval.
  var head: Int64 = 0
  var isStarted = false
  var isFaulty = false
  /// Another member of the group has a fault.
  var isHeldByGroup = false
  /// Whether it has been master since its group last knew that it isn't.
  var hasReigned = false
  /// Why it would be master, if its group were.
  var wants: Transition.Reason?
  /// Whether it waits for the others of its group to become master with them.
  public var wantsMaster: Bool { wants != nil }
  var startsAt: Instant?
  var heard = PerFamily<Heard?>(both: nil)
  /// The deadline of a backup that hasn't heard a master yet.
  var listensUntil: Instant?
  var preemptsAt: Instant?
  /// Whether we were called so late that we listened for another interval.
  var wasLate = false
  var advertisesAt = Instant(nanoseconds: .max)
  /// Whether we have answered another master since our last regular advertisement.
  var isAsserted = false
  /// When a master of our priority with a higher IPv6 address was first and last heard.
  var contest: (since: Instant, last: Instant)?

  var interval: Int64
  var preemptDelay: Int64
  private var startupDelay: Int64

  public init(_ router: VirtualRouter) {
    self.router = router
    priority = router.priority
    interval = router.interval.nanoseconds
    preemptDelay = router.preemptDelay.wholeNanoseconds
    startupDelay = router.startupDelay.wholeNanoseconds
  }

  public mutating func step(_ event: Event, at now: Instant) -> Step {
    var step = Step()
    switch event {
    case .start:
      if !isStarted {
        isStarted = true
        hasReigned = false
        startsAt = now + startupDelay
      }
    case .stop:
      isStarted = false
      leave(.stopped, &step)
    case .yield: yield(now, &step)
    case .faulty(let isFaulty):
      self.isFaulty = isFaulty
      if isFaulty { leave(.faulty, &step) }
    case .priority(let priority): change(priority, now, &step)
    case .primary(let family, let address): change(family, address, &step)
    case .received(let advertisement, let source):
      receive(advertisement, source, now, &step)
      return step
    case .elapsed: elapse(now, &step)
    case .held, .giveWay, .takeOver: obeyGroup(event, now, &step)
    }
    if state == .initialize, isReady, let startsAt, startsAt <= now, step.transition == nil {
      start(now, &step)
    }
    return step
  }

  /// When `elapsed` is due; nil: not before something else happens.
  public var nextDeadline: Instant? {
    switch state {
    case .initialize: isReady ? startsAt : nil
    case .backup: wantsMaster ? nil : preemptsAt.map { min($0, masterDown) } ?? masterDown
    case .master: yields ?? advertisesAt
    }
  }

  /// Takes a new configuration of the same id, version and families without leaving the election;
  /// any other takes a new machine. The effective priority is an event.
  public mutating func configure(_ router: VirtualRouter, at now: Instant) -> Step {
    precondition(
      router.id == self.router.id && router.version == self.router.version
        && router.families == self.router.families, "another virtual router")
    let isFaster = router.interval.nanoseconds < interval
    let priority = priority
    self.router = router
    interval = router.interval.nanoseconds
    preemptDelay = router.preemptDelay.wholeNanoseconds
    startupDelay = router.startupDelay.wholeNanoseconds
    if !router.preempt || preemptDelay == 0 { preemptsAt = nil }
    if router.syncGroup == nil {
      isHeldByGroup = false
      wants = nil  // its time has come already: soon, as if it were alone
    }
    guard state == .master, yields == nil, isFaster else { return .nothing }
    // So that peers who adopt our interval do so at once.
    advertisesAt = now + interval
    var step = Step()
    step.advertisement = priority
    return step
  }

  /// Started, without a fault, and with an address to send from.
  private var isReady: Bool { isStarted && isFit && !isHeldByGroup }

  var hasPrimary: Bool {
    router.families.inet && primaries.inet != nil
      || router.families.inet6 && primaries.inet6 != nil
  }

  private mutating func start(_ now: Instant, _ step: inout Step) {
    if priority == VirtualRouter.owner, router.syncGroup == nil {
      takeOver(.owner, now, &step)
    } else {
      become(.backup, .started, &step)
      listen(now)
      if priority == VirtualRouter.owner { wants = .owner }
    }
  }

  mutating func leave(_ reason: Transition.Reason, _ step: inout Step) {
    guard state != .initialize else { return }
    if state == .master, yields == nil { step.advertisement = 0 }
    become(.initialize, reason, &step)
  }

  mutating func become(_ next: State, _ reason: Transition.Reason, _ step: inout Step) {
    step.transition = Transition(from: state, to: next, reason: reason)
    state = next
    if next == .master { hasReigned = true }
    wants = nil
    yields = nil
    heard = PerFamily(both: nil)
    listensUntil = nil
    preemptsAt = nil
    wasLate = false
    isAsserted = false
    contest = nil
    advertisesAt = Instant(nanoseconds: .max)
  }

  private mutating func change(
    _ family: Family, _ address: IPAddress?, _ step: inout Step
  ) {
    guard primaries[family] != address else { return }
    primaries[family] = address
    head = Self.head(primaries)
    contest = nil
    if !hasPrimary {
      leave(.noAddress, &step)
    } else if state == .master, yields == nil, router.families[family], address != nil {
      // Peers identify a master by its address: they should learn the new one before it leaves.
      step.advertisement = priority
    }
  }

  private mutating func change(_ priority: UInt8, _ now: Instant, _ step: inout Step) {
    guard priority != self.priority, priority > 0 else { return }
    self.priority = priority
    switch state {
    case .initialize: break
    case .master: if yields == nil { step.advertisement = priority }
    case .backup:
      wants = nil  // by the new priority it may not
      rearm()
    }
  }
}
