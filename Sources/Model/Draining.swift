/// A destination that is leaving its service.
public struct Draining: Hashable, Sendable {
  public struct ID: Hashable, Sendable {
    public let match: IPVSService.Match
    public let destination: IPVSDestination.ID

    public init(_ match: IPVSService.Match, _ destination: IPVSDestination.ID) {
      self.match = match
      self.destination = destination
    }
  }

  public let id: ID
  /// How long it stays at weight 0.
  public let grace: Duration

  public init(id: ID, grace: Duration) {
    self.id = id
    self.grace = grace
  }
}

/// What becomes of a server whose probe failed.
public enum Inhibition: Hashable, Sendable {
  /// Weight 0 for this long, during which it may come back with all its flows. Then it is removed,
  /// so that its clients learn at once.
  case lasting(Duration)
  /// Weight 0 for as long as it is down.
  case forever

  public static let usual = Inhibition.lasting(.seconds(1))
}
