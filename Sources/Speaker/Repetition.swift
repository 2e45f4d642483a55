internal import Model

/// When something is said again about an address: after a few pauses, and then each minute.
struct Repetition {
  private(set) var due: Instant
  private var count = 0

  private static let refresh = Duration.seconds(60)

  init(due: Instant) { self.due = due }

  /// It was said now.
  mutating func advance(from now: Instant, by pauses: [Duration]) {
    due = now + (count < pauses.count ? pauses[count] : Self.refresh)
    count += 1
  }

  /// The places whose turn it is, in order.
  static func due(_ repetitions: [Announcer.Place: Repetition], at now: Instant) -> [Announcer
    .Place]
  {
    repetitions.filter { $0.value.due <= now }.map(\.key).sorted {
      ($0.link, $0.address) < ($1.link, $1.address)
    }
  }
}
