/// What an accepted advertisement says to the election.
public struct Advertisement: Hashable, Sendable {
  /// 0: the master leaves; 255: it owns the addresses.
  public var priority: UInt8
  /// Of the sender; in version 2 always ours.
  public var interval: Interval
  /// Whether it lists the addresses that we have in the family; true where we have none.
  public var matches = true

  public init(priority: UInt8, interval: Interval) {
    self.priority = priority
    self.interval = interval
  }
}
