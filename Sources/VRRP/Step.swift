public import Model

/// What happens to a virtual router.
public enum Event: Hashable, Sendable {
  /// Take part in the election.
  case start
  /// Leave at once.
  case stop
  /// Announce to the peers that we leave, and leave once one of them has taken over.
  case yield
  /// Whether something keeps us from being master, such as a link that is down.
  case faulty(Bool)
  /// The new effective priority: the configured one with the weights of what is tracked; 0 is
  /// ignored.
  case priority(UInt8)
  /// The address that advertisements are sent from; nil: none, so the family is silent.
  case primary(Family, IPAddress?)
  case received(Advertisement, from: IPAddress)
  /// The next deadline is reached.
  case elapsed
  /// Of its sync group: whether another member has a fault.
  case held(Bool)
  /// Of its sync group: another member is no longer master.
  case giveWay
  /// Of its sync group: every member would be master.
  case takeOver
}

/// What the caller must do after an event, in this order: send, report the transition, announce.
public struct Step: Hashable, Sendable {
  /// The priority of an advertisement to send now in each family that has a primary address; 0: we
  /// leave.
  public var advertisement: UInt8?
  public var transition: Transition?
  /// Whether to announce the addresses (gratuitous ARP, neighbor advertisements) once they are in
  /// place: we have become master, or have seen a second master, which the switch may have learnt.
  public var announces = false

  public static let nothing = Step()
}

public struct Transition: Hashable, Sendable {
  public var from: Machine.State
  public var to: Machine.State
  public var reason: Reason

  public enum Reason: Hashable, Sendable, CaseIterable {
    /// Started as the owner of the addresses.
    case owner
    /// Started, and listening.
    case started
    /// No master was heard for a master-down time.
    case noMaster
    /// The master announced that it leaves.
    case masterLeft
    /// The preemption delay for a master of lower priority is over.
    case preempted
    /// A master of higher priority, or of the same priority with a higher address, was heard.
    case betterMaster
    /// We yielded, and a peer took over, or none did in time.
    case yielded
    case stopped, faulty
    /// No family has a primary address.
    case noAddress
    /// Another member of the sync group has a fault, or is no longer master.
    case group
  }
}
