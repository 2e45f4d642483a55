internal import Model

/// Virtual routers that move together, as keepalived's `vrrp_sync_group`: they are all master or none is.
///
/// - A member becomes master only when every member would: it then waits for the others
///   (``Machine/wantsMaster``). Rather none is master here than that some are, while the others hear
///   a better router, which would take all of them back in turn.
/// - A member that gives way takes the others with it.
/// - While a member has a fault or no address, all of them are out.
///
/// The priority of each counts on its own link. Routers that have the same order of priorities on
/// every link agree on one master for all of them.
public enum SyncGroup {
  /// What to tell which member next; nil once they agree. To be asked in the turn in which a member's
  /// machine has changed, until it returns nil.
  ///
  /// A member that was stopped, or that yields, leaves by itself and counts no more.
  public static func next(_ machines: some Collection<Machine>) -> (member: Int, event: Event)? {
    var (unfit, firstUnfit) = (0, 0)
    var (wants, others) = (0, 0)
    var gaveWay = false
    for (index, machine) in machines.enumerated() where machine.isStarted {
      if !machine.isFit {
        unfit += 1
        firstUnfit = index
      }
      if machine.hasGivenWay { gaveWay = true }
      if machine.wantsMaster {
        wants += 1
      } else if machine.state != .master {
        others += 1
      }
    }
    for (index, machine) in machines.enumerated() where machine.isStarted {
      let isHeld = unfit > 1 || unfit == 1 && index != firstUnfit
      if machine.isHeldByGroup != isHeld { return (index, .held(isHeld)) }
    }
    // The members that gave way themselves come last: until then the others must know.
    if gaveWay {
      func first(_ isIt: (Machine) -> Bool) -> Int? {
        machines.enumerated().first { $0.element.isStarted && isIt($0.element) }?.offset
      }
      if let index = first({ $0.state == .master }) ?? first(\.hasGivenWay) {
        return (index, .giveWay)
      }
    }
    if wants > 0, others == 0,
      let index = machines.enumerated().first(where: {
        $0.element.isStarted && $0.element.wantsMaster
      })
    {
      return (index.offset, .takeOver)
    }
    return nil
  }
}

extension Machine {
  /// All that its group goes by: while it is the same, the group has nothing to say.
  public struct Standing: Hashable, Sendable {
    var state: State
    var isStarted, isFit, wantsMaster: Bool
  }

  public var standing: Standing {
    Standing(state: state, isStarted: isStarted, isFit: isFit, wantsMaster: wantsMaster)
  }

  /// Whether it takes part in its group: nothing keeps it from being master.
  var isFit: Bool { !isFaulty && hasPrimary }
  /// Whether it was master, and its group doesn't know yet that it is no more.
  var hasGivenWay: Bool { hasReigned && state != .master }

  /// What the group says; see ``SyncGroup/next(_:)``.
  mutating func obeyGroup(_ event: Event, _ now: Instant, _ step: inout Step) {
    switch event {
    case .held(let isHeld):
      isHeldByGroup = isHeld
      if isHeld { leave(.group, &step) }
    case .giveWay:
      if state == .master, yields == nil {
        // Whoever is better on another member's link may take over here at once.
        step.advertisement = 0
        become(.backup, .group, &step)
        listen(now)
      }
      hasReigned = false
    case .takeOver:
      guard state == .backup, let reason = wants else { return }
      become(.master, reason, &step)
      rule(now, &step)
    default: break
    }
  }

  /// Becomes master, or waits until its group does.
  mutating func takeOver(_ reason: Transition.Reason, _ now: Instant, _ step: inout Step) {
    guard router.syncGroup == nil else {
      wants = reason
      return
    }
    become(.master, reason, &step)
    rule(now, &step)
  }
}
