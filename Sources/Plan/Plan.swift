public import Model

/// What it takes to get from what a kernel has to what a state file wants: steps in the order in
/// which they are carried out.
public struct Plan: Sendable {
  public var steps: [Step] = []
  /// What can't be done, and why; everything else can.
  public var conflicts: [Conflict] = []
  /// What stays though nobody states it, since vpngw can't read it; it counts for nothing else.
  public var leftAlone: [LeftAlone] = []
  /// Of services by destination NAT: which flows go on once the steps are done.
  public var flows: ServedFlows?

  public var isEmpty: Bool { steps.isEmpty && conflicts.isEmpty }

  /// An object that is wanted and can't be made or changed.
  public struct Conflict: Hashable, Sendable {
    public let object: Object
    public let reason: String
    /// The object that it rests on, and that can't be made either.
    public let cause: ObjectID?

    public init(object: Object, reason: String, because cause: ObjectID? = nil) {
      self.object = object
      self.reason = reason
      self.cause = cause
    }
  }

  /// A part of an object, in words: `chain c, rule 1: [ match name u32 rev 0 ]`.
  public struct LeftAlone: Hashable, Sendable {
    public let object: Object
    public let part: String
  }

  /// Pure: no clock, no I/O, and equal for equal values.
  ///
  /// `converged` is what `observed` is known to be like, if anything is: what is wanted as it was then
  /// needn't be compared again. `isAllKnown`: `observed` is all that there is, so that what it lacks
  /// (the network of a gateway) isn't there.
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
