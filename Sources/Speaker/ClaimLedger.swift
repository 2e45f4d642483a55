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
    /// When to ask the link for the address next (RFC 5227, section 2.1.1).
    var due: Instant
    var count = 0
    var claim: Claim?
  }

  private var entries: [Announcer.Place: Entry] = [:]

  private static let settling = Duration.milliseconds(500)
  /// From one question to the next, the first of which may get lost.
  private static let pauses: [Duration] = [.seconds(1), .seconds(3)]
  private static let refresh = Duration.seconds(60)
  /// After more than two questions without an answer nobody else has the address.
  private static let memory = Duration.seconds(150)

  var next: Instant? { entries.values.map(\.due).min() }

  /// Who else has an address.
  var conflicts: [Announcer.Place: MACAddress] {
    entries.compactMapValues { $0.claim.flatMap { $0.isProven ? $0.mac : nil } }
  }

  /// The addresses that this machine has now.
  mutating func update(_ places: Set<Announcer.Place>, at now: Instant) {
    entries = entries.filter { places.contains($0.key) }
    for place in places where entries[place] == nil { entries[place] = Entry(due: now) }
  }

  /// Somebody else says to have an address.
  mutating func hear(_ place: Announcer.Place, from mac: MACAddress, at now: Instant) {
    guard var entry = entries[place] else { return }
    defer { entries[place] = entry }
    guard var claim = entry.claim, now - claim.last < Self.memory else {
      entry.claim = Claim(mac: mac, first: now, last: now)
      entry.due = min(entry.due, now + .seconds(1))
      entry.count = 0
      return
    }
    (claim.mac, claim.last) = (mac, now)
    claim.isProven = claim.isProven || now - claim.first >= Self.settling
    entry.claim = claim
  }

  /// The addresses to ask for now.
  mutating func takeDue(at now: Instant) -> [Announcer.Place] {
    let due = entries.filter { $0.value.due <= now }.map(\.key).sorted {
      ($0.link, $0.address) < ($1.link, $1.address)
    }
    for place in due {
      let count = entries[place]!.count
      entries[place]!.due = now + (count < Self.pauses.count ? Self.pauses[count] : Self.refresh)
      entries[place]!.count += 1
      if let claim = entries[place]!.claim, now - claim.last >= Self.memory {
        entries[place]!.claim = nil
      }
    }
    return due
  }
}
