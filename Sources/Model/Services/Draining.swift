/// A destination that is on its way out of a service.
public struct Draining: Hashable, Sendable {
  public struct ID: Hashable, Sendable {
    public let match: IPVSService.Match
    public let destination: IPVSDestination.ID

    init(_ match: IPVSService.Match, _ destination: IPVSDestination.ID) {
      self.match = match
      self.destination = destination
    }
  }

  public let id: ID
  /// How long it stays at weight 0.
  public let grace: Duration
}
