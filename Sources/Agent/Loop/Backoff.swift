import Model

/// Retries what failed after growing waits, for each object on its own: 1 s, 2 s, 4 s, up to 60 s.
struct Backoff {
  struct Entry {
    let change: Change
    var failures: Int
    var next: Instant
  }

  /// The links and addresses that routes and nexthops depend on.
  private struct Footing: Equatable {
    let links: [Link]
    let addresses: Set<ObjectID>
  }

  private var entries: [ObjectID: Entry] = [:]
  private var footing: Footing?

  /// The earliest instant at which something is to be retried.
  var next: Instant? { entries.values.map(\.next).min() }

  /// Forgets everything when links or addresses have changed: the kernel refuses a route over a
  /// link that is down, and takes it the moment that the link is up.
  mutating func observed(_ configuration: NetworkState) {
    let present = Footing(
      links: configuration.links,
      addresses: Set(configuration.objects(of: Address.kind).map(\.id)))
    if present != footing { entries = [:] }
    footing = present
  }

  /// Whether the change must wait; a different change of the same object needn't.
  func holds(_ change: Change, _ now: Instant) -> Bool {
    guard let entry = entries[change.object.id], entry.change == change else { return false }
    return now < entry.next
  }

  /// Records a failure; returns how many there were in a row, and the wait.
  mutating func failed(_ change: Change, _ now: Instant) -> (count: Int, wait: Duration) {
    let before = entries[change.object.id]
    let count = before?.change == change ? before!.failures + 1 : 1
    let wait = Duration.seconds(min(60, 1 << min(count - 1, 6)))
    entries[change.object.id] = Entry(change: change, failures: count, next: now + wait)
    return (count, wait)
  }

  /// Forgets what is no longer wanted.
  mutating func keep(_ wanted: Set<ObjectID>) {
    entries = entries.filter { wanted.contains($0.key) }
  }
}
