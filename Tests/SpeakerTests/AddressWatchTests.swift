import Model
import Netlink
import Synchronization
import TestSupport
import Testing

@testable import Speaker

/// An address that two machines of a link have.
struct AddressWatchTests {
  private let place = Announcer.Place(IPAddress("192.0.2.1")!, on: LinkName("eth-a")!)
  private let other = MACAddress("02:00:00:00:00:07")!

  // MARK: - The machine

  private func ledger(at now: Instant = .zero) -> ClaimLedger {
    var ledger = ClaimLedger()
    ledger.update([place], at: now)
    return ledger
  }

  @Test func addressIsAskedForWhenItComesAndOnceAMinute() {
    var ledger = ledger()
    var asked: [Int] = []
    for second in 0..<130 where !ledger.takeDue(at: .seconds(second)).isEmpty {
      asked.append(second)
    }
    #expect(asked == [0, 1, 4, 64, 124])
    #expect(ledger.next == .seconds(184))
  }

  /// A virtual address that moves is announced by its new owner before the old one has let go of it.
  @Test func oneAnnouncementIsNoDuplicate() {
    var ledger = ledger()
    ledger.hear(place, from: other, at: .seconds(10))
    ledger.hear(place, from: other, at: .seconds(10) + .milliseconds(499))
    #expect(ledger.conflicts.isEmpty)
    ledger.update([], at: .seconds(11))
    ledger.update([place], at: .seconds(12))
    ledger.hear(place, from: other, at: .seconds(12))
    #expect(ledger.conflicts.isEmpty)
  }

  @Test func twoAnnouncementsAreADuplicate() {
    var ledger = ledger()
    ledger.hear(place, from: other, at: .seconds(10))
    // The first one makes it ask again soon.
    #expect(ledger.next! <= .seconds(11))
    ledger.hear(place, from: other, at: .seconds(11))
    #expect(ledger.conflicts == [place: other])
    ledger.update([], at: .seconds(12))
    #expect(ledger.conflicts.isEmpty)
  }

  @Test func aDuplicateEndsWhenNobodyAnswers() {
    var ledger = ledger()
    for second in [10, 11] { ledger.hear(place, from: other, at: .seconds(second)) }
    var end: Int?
    for second in 12..<400 {
      _ = ledger.takeDue(at: .seconds(second))
      if end == nil, ledger.conflicts.isEmpty { end = second }
    }
    #expect(end.map { (161...225).contains($0) } == true, "\(end as Int?)")
  }

  @Test func othersAddressesAreNoneOfOurs() {
    var ledger = ledger()
    let foreign = Announcer.Place(IPAddress("192.0.2.9")!, on: place.link)
    for second in [1, 2] { ledger.hear(foreign, from: other, at: .seconds(second)) }
    #expect(ledger.conflicts.isEmpty)
    #expect(ledger.next == .seconds(0))
  }

  // MARK: - On a link

  private final class Told: Sendable {
    private let conflicts = Mutex<[Announcer.Place: MACAddress]>([:])
    func take(_ now: [Announcer.Place: MACAddress]) { conflicts.withLock { $0 = now } }
    var now: [Announcer.Place: MACAddress] { conflicts.withLock { $0 } }
  }

  /// Whichever machine had it first, and whatever the other one's settings say about answers.
  @Test(arguments: [true, false]) func duplicateIsNoticed(_ isThereFirst: Bool) throws {
    let cable = try Cable()
    let told = Told()
    let mac = try cable.b.run { () throws -> MACAddress in
      try sh("sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2")
      if isThereFirst { try sh("ip address add 192.0.2.1/24 dev eth-b") }
      let words = try sh("ip -o link show dev eth-b").split(separator: " ")
      return MACAddress(String(words[words.firstIndex(of: "link/ether")! + 1]))!
    }
    let watch = try cable.a.run { () throws -> AddressWatch in
      let watch = try AddressWatch { told.take($0) }
      try watch.watch([place, Announcer.Place(IPAddress("192.0.2.77")!, on: place.link)])
      return watch
    }
    defer { watch.stop() }
    var announcer: Announcer?
    if !isThereFirst {
      announcer = try cable.b.run { () throws -> Announcer in
        try sh("ip address add 192.0.2.1/24 dev eth-b")
        return try Announcer()
      }
      announcer?.announce([Announcer.Place(place.address, on: LinkName("eth-b")!)])
    }
    defer { announcer?.stop() }
    #expect(eventually { told.now == [place: mac] })
    // It is over here when the address is no longer ours.
    try cable.a.run { _ = try sh("ip address delete 192.0.2.1/24 dev eth-a") }
    #expect(eventually { told.now.isEmpty })
  }
}
