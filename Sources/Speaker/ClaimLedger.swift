internal import Model

/// Which of our addresses others claim, as far as ARP tells: a pure machine.
///
/// A claim counts once it is heard again half a second after the first time: while a virtual address moves, two
/// have it for a moment.
struct ClaimLedger {
  private struct Claim {
    var mac: MACAddress
    var first: Instant
    var last: Instant
    var isProven = false
  }

  private struct Entry {
    /// When to ask the link for the address (RFC 5227, section 2.1.1).
    var repetition: Repetition
    var claim: Claim?
  }

  private var entries: [Announcer.Place: Entry] = [:]

  private static let settling = Duration.milliseconds(500)
  /// From one question to the next, the first of which may get lost.
  private static let pauses: [Duration] = [.seconds(1), .seconds(3)]
  /// After more than two questions without an answer nobody else has the address.
  private static let memory = Duration.seconds(150)

  var next: Instant? { entries.values.map(\.repetition.due).min() }

  /// Who else has an address.
  var conflicts: [Announcer.Place: MACAddress] {
    entries.compactMapValues { $0.claim.flatMap { $0.isProven ? $0.mac : nil } }
  }

  /// The addresses that this machine has now.
  mutating func update(_ places: Set<Announcer.Place>, at now: Instant) {
    entries = entries.filter { places.contains($0.key) }
    for place in places where entries[place] == nil {
      entries[place] = Entry(repetition: Repetition(due: now))
    }
  }

  /// Somebody else says to have an address.
  mutating func hear(_ place: Announcer.Place, from mac: MACAddress, at now: Instant) {
    guard var entry = entries[place] else { return }
    defer { entries[place] = entry }
    guard var claim = entry.claim, now - claim.last < Self.memory else {
      entry.claim = Claim(mac: mac, first: now, last: now)
      entry.repetition = Repetition(due: min(entry.repetition.due, now + .seconds(1)))
      return
    }
    (claim.mac, claim.last) = (mac, now)
    claim.isProven = claim.isProven || now - claim.first >= Self.settling
    entry.claim = claim
  }

  /// The addresses to ask for now.
  mutating func takeDue(at now: Instant) -> [Announcer.Place] {
    let due = Repetition.due(entries.mapValues(\.repetition), at: now)
    for place in due {
      entries[place]!.repetition.advance(from: now, by: Self.pauses)
      if let claim = entries[place]!.claim, now - claim.last >= Self.memory {
        entries[place]!.claim = nil
      }
    }
    return due
  }
}
