/// A destination of a service, given its signal and what the kernel has.
public struct IPVSMember {
  public var destination: IPVSDestination
  /// How it leaves; nil if it stays.
  public var inhibition: Inhibition?
  /// Whether the kernel has it.
  public let isPresent: Bool

  public init(_ destination: IPVSDestination, leaving inhibition: Inhibition?, isPresent: Bool) {
    self.destination = destination
    self.inhibition = inhibition
    self.isPresent = isPresent
  }

  /// Wanted while its signal is up. Nil if the signal is unknown and the kernel lacks the
  /// destination.
  public init?(
    _ wanted: IPVSDestination, _ state: Signal.State, found: IPVSDestination?,
    _ inhibit: Inhibition
  ) {
    self.init(wanted, leaving: state == .down ? inhibit : nil, isPresent: found != nil)
    guard state == .unknown else { return }
    guard let found else { return nil }
    // Weight 0 in the kernel: the server failed before we started.
    if found.weight == 0 { destination = wanted.drained }
  }

  /// The destination as the kernel is to have it; nil: absent.
  public func kept(of match: IPVSService.Match, isOver: (Draining.ID) -> Bool) -> IPVSDestination? {
    switch inhibition {
    case nil: destination
    case .forever?: destination.drained
    case .lasting?:
      isPresent && !isOver(Draining.ID(match, destination.id)) ? destination.drained : nil
    }
  }

  /// How it drains; nil if it stays, or is gone.
  public func draining(of match: IPVSService.Match) -> Draining? {
    guard isPresent, case .lasting(let grace)? = inhibition else { return nil }
    return Draining(id: .init(match, destination.id), grace: grace)
  }
}
