/// A destination of a service, as its signal and the kernel have it.
public struct IPVSMember {
  public var destination: IPVSDestination
  /// How it leaves; nil: it stays.
  public var inhibition: Inhibition?
  /// Whether the kernel has it.
  public let isPresent: Bool

  public init(_ destination: IPVSDestination, leaving inhibition: Inhibition?, isPresent: Bool) {
    self.destination = destination
    self.inhibition = inhibition
    self.isPresent = isPresent
  }

  /// One that is wanted while it is up; nil where nothing is known of it and the kernel lacks it.
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

  /// What the kernel shall have of it; nil: nothing.
  public func kept(of match: IPVSService.Match, isOver: (Draining.ID) -> Bool) -> IPVSDestination? {
    switch inhibition {
    case nil: destination
    case .forever?: destination.drained
    case .lasting?:
      isPresent && !isOver(Draining.ID(match, destination.id)) ? destination.drained : nil
    }
  }

  /// Its way out; nil where it stays, or is gone.
  public func draining(of match: IPVSService.Match) -> Draining? {
    guard isPresent, case .lasting(let grace)? = inhibition else { return nil }
    return Draining(id: .init(match, destination.id), grace: grace)
  }
}
