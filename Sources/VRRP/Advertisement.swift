/// What an accepted advertisement means for the election.
public struct Advertisement: Hashable, Sendable {
  /// 0: the master is leaving; 255: it owns the addresses.
  public var priority: UInt8
  /// The sender's; in version 2 always ours.
  public var interval: Interval
  /// Whether it lists our addresses of the family; true if we have none.
  public var matches = true

  public init(priority: UInt8, interval: Interval) {
    self.priority = priority
    self.interval = interval
  }
}
