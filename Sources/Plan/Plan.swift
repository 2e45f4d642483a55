public import Model

/// The steps that turn what a kernel has into what a state file wants, in the order in which they
/// are carried out.
public struct Plan: Sendable {
  public var steps: [Step] = []
  /// What can't be done, and why; everything else can be.
  public var conflicts: [Conflict] = []
  /// What nobody states, but stays, since vpngw can't read it; it has no other effect.
  public var leftAlone: [LeftAlone] = []
  /// For destination-NAT services: which flows continue after the steps.
  public var flows: ServedFlows?

  public var isEmpty: Bool { steps.isEmpty && conflicts.isEmpty }

  /// An object that is wanted and can't be made or changed.
  public struct Conflict: Hashable, Sendable {
    public let object: Object
    public let reason: String
    /// The object that it depends on, which can't be made either.
    public let cause: ObjectID?
    /// Whether the reason is about all conflicts that have it, and is said once.
    public let isShared: Bool

    public init(
      object: Object, reason: String, because cause: ObjectID? = nil, isShared: Bool = false
    ) {
      self.object = object
      self.reason = reason
      self.cause = cause
      self.isShared = isShared
    }
  }

  /// The part of an object, in words: `chain c, rule 1: [ match name u32 rev 0 ]`.
  public struct LeftAlone: Hashable, Sendable {
    public let object: Object
    public let part: String
  }

  /// Pure: no clock, no I/O, and equal for equal values.
  ///
  /// `converged` is the desired state that `observed` is known to match, if any: what is wanted as
  /// it was then needn't be compared again. `isAllKnown`: `observed` is complete, so that whatever
  /// it lacks (a gateway's network) doesn't exist.
  public init(
    from observed: NetworkState, to desired: NetworkState, converged: NetworkState? = nil,
    isAllKnown: Bool = true
  ) {
    var comparison = Comparison(
      from: observed, to: desired, converged: converged, isAllKnown: isAllKnown)
    comparison.run()
    conflicts = comparison.conflicts
    leftAlone = comparison.leftAlone
    flows = desired.flows
    steps = Order(of: comparison.steps, desired: desired, observed: observed).steps
  }
}
