import Model
import Netlink
import TestSupport
import Testing
import VRRP

@testable import Speaker

/// Speakers in namespaces of their own, over a real link.
struct SpeakerTests {
  private static func pair(
    _ cable: Cable, _ a: VirtualRouter, _ b: VirtualRouter,
    _ body: (Station, Station) throws -> Void
  ) throws {
    let first = try Station(a, in: cable.a)
    defer { first.speaker.stop() }
    let second = try Station(b, in: cable.b)
    defer { second.speaker.stop() }
    try first.connect("eth-a", "192.0.2.1", "fe80::a")
    try second.connect("eth-b", "192.0.2.2", "fe80::b")
    try body(first, second)
  }

  @Test func higherPriorityIsMasterAndTheOtherFollowsWhereItLeaves() throws {
    try Self.pair(Cable(), .test(200), .test(100)) { first, second in
      #expect(eventually { first.isMaster && !second.isMaster && second.readings.received > 2 })
      first.speaker.remove(first.id)
      #expect(eventually { second.isMaster })
      #expect(second.transitions.last?.reason == .masterLeft)
      #expect(first.transitions.last?.reason == .stopped)
    }
  }

  @Test func aMasterThatYieldsStaysUntilAPeerTakesOver() throws {
    try Self.pair(Cable(), .test(200), .test(100)) { first, second in
      #expect(eventually { first.isMaster && second.readings.received > 0 })
      first.speaker.yield(first.id)
      #expect(eventually { !first.isMaster })
      #expect(first.transitions.last?.reason == .yielded)
      #expect(second.isMaster)
    }
  }

  @Test func membersOfASyncGroupMoveTogether() throws {
    let cable = try Cable()
    func start(
      _ namespace: Namespace, _ link: String, _ address: String, _ priority: UInt8
    ) throws -> (speaker: Speaker, members: [(id: Speaker.ID, readings: Readings)]) {
      let speaker = try namespace.run { try Speaker(hmac: nil) {} }
      let routers = [UInt8(51), 52].map { id in
        var router = VirtualRouter(id: id)
        router.priority = priority
        router.interval = Interval(centiseconds: 10)!
        router.syncGroup = "g"
        return router
      }
      let members = speaker.add(routers)
      let number = try namespace.run {
        UInt32(try sh("ip -o link show dev \(link)").prefix { $0 != ":" })!
      }
      let line = Line(
        link: number, isUp: true, primaries: PerFamily(inet: IPAddress(address)!, inet6: nil))
      for member in members { speaker.tell(member.id, line) }
      return (speaker, members)
    }
    let first = try start(cable.a, "eth-a", "192.0.2.1", 200)
    defer { first.speaker.stop() }
    let second = try start(cable.b, "eth-b", "192.0.2.2", 100)
    defer { second.speaker.stop() }
    func areMaster(_ members: [(id: Speaker.ID, readings: Readings)]) -> Bool {
      members.allSatisfy { $0.readings.state == .master }
    }
    func areOut(_ members: [(id: Speaker.ID, readings: Readings)]) -> Bool {
      members.allSatisfy { $0.readings.state != .master }
    }
    #expect(eventually { areMaster(first.members) && areOut(second.members) })
    first.speaker.bar(first.members[1].id, true)
    #expect(eventually { areOut(first.members) && areMaster(second.members) })
    first.speaker.bar(first.members[1].id, false)
    #expect(eventually { areMaster(first.members) && areOut(second.members) })
  }

  @Test func bothFamiliesAreOneElection() throws {
    var (a, b) = (VirtualRouter.test(200), VirtualRouter.test(100))
    for family in Family.allCases {
      a.families[family] = true
      b.families[family] = true
    }
    try Self.pair(Cable(), a, b) { first, second in
      #expect(eventually { first.isMaster && second.readings.received > 2 })
      #expect(
        eventually {
          second.news.contains {
            guard case .follows(let followed) = $0 else { return false }
            return followed.inet == IPAddress("192.0.2.1")!
              && followed.inet6 == IPAddress("fe80::a")!
          }
        })
    }
  }

  @Test func aPartitionThatHealsLeavesOneMaster() throws {
    let cable = try Cable()
    try Self.pair(cable, .test(100), .test(100)) { first, second in
      // Each is alone: the carrier stays, and nothing gets through.
      _ = try cable.a.run {
        try sh(
          "nft -f -",
          input: """
            add table inet cut
            add chain inet cut in { type filter hook input priority 0; policy drop; }
            add chain inet cut out { type filter hook output priority 0; policy drop; }
            """)
      }
      #expect(eventually { first.isMaster && second.isMaster })
      _ = try cable.a.run { try sh("nft delete table inet cut") }
      // The higher address stays.
      #expect(eventually { !first.isMaster })
      #expect(second.isMaster)
      #expect(first.transitions.last?.reason == .betterMaster)
      // Whoever stays tells the switch again.
      #expect(
        eventually { second.news.contains { if case .announces = $0 { true } else { false } } })
    }
  }

  @Test func aLinkThatGoesAndComesBackUnderAnotherNumberIsTakenUp() throws {
    let cable = try Cable()
    try Self.pair(cable, .test(200), .test(100)) { first, second in
      #expect(eventually { first.isMaster && second.readings.received > 0 })
      try cable.unplug()
      first.speaker.tell(first.id, .absent)
      second.speaker.tell(second.id, .absent)
      #expect(eventually { !first.isMaster })
      #expect(first.transitions.last?.reason == .faulty)
      let before = second.readings.received
      try cable.plug()
      try first.connect("eth-a", "192.0.2.1")
      try second.connect("eth-b", "192.0.2.2")
      #expect(eventually { first.isMaster && second.readings.received > before })
    }
  }

  @Test func aLinkThatIsDownIsNoPlaceForAMaster() throws {
    try Self.pair(Cable(), .test(200), .test(100)) { first, second in
      #expect(eventually { first.isMaster })
      first.speaker.tell(
        first.id,
        Line(link: nil, isUp: false, primaries: PerFamily(inet: IPAddress("192.0.2.1"), inet6: nil))
      )
      #expect(eventually { !first.isMaster && second.isMaster })
    }
  }

  @Test func whatIsBarredIsNotMaster() throws {
    try Self.pair(Cable(), .test(200), .test(100)) { first, second in
      #expect(eventually { first.isMaster })
      first.speaker.bar(first.id, true)
      #expect(eventually { second.isMaster })
      #expect(!first.isMaster)
      first.speaker.bar(first.id, false)
      #expect(eventually { first.isMaster && !second.isMaster })
    }
  }

  @Test func aPriorityThatFallsHandsOver() throws {
    try Self.pair(Cable(), .test(200), .test(100)) { first, second in
      #expect(eventually { first.isMaster && second.readings.received > 0 })
      first.speaker.tell(first.id, priority: 50)
      #expect(eventually { second.isMaster && !first.isMaster })
      #expect(first.readings.priority == 50)
    }
  }

  @Test func anotherIntervalDoesNotEndTheElection() throws {
    try Self.pair(Cable(), .test(200), .test(100)) { first, second in
      #expect(eventually { first.isMaster && second.readings.received > 0 })
      let before = first.transitions.count
      first.speaker.configure(first.id, .test(200, centiseconds: 5))
      let count = second.readings.received
      #expect(eventually { second.readings.received > count + 5 })
      #expect(first.transitions.count == before && !second.isMaster)
    }
  }

  @Test func whatDoesNotFitIsCountedByReasonAndSaidOnceAndForeignIdsNotAtAll() throws {
    var foreign = VirtualRouter.test(250)
    foreign.id = 52
    try Self.pair(Cable(), .test(100), foreign) { first, second in
      #expect(eventually { first.isMaster && first.readings.discarded(.foreign) > 3 })
      #expect(!first.news.contains { if case .discarded = $0 { true } else { false } })
    }
    var old = VirtualRouter.test(250, centiseconds: 100)
    old.version = .v2
    try Self.pair(Cable(), .test(100), old) { first, second in
      #expect(eventually { first.isMaster && first.readings.discarded(.version) > 1 })
      let said = first.news.count {
        if case .discarded(let discard, let source) = $0 {
          discard.reason == .version && source == IPAddress("192.0.2.2")
        } else {
          false
        }
      }
      #expect(said == 1)
    }
  }

  @Test func unicastPeersHearEachOtherAndNobodyElse() throws {
    var (a, b) = (VirtualRouter.test(200), VirtualRouter.test(100))
    a.peers = [IPAddress("192.0.2.2")!]
    b.peers = [IPAddress("192.0.2.1")!]
    try Self.pair(Cable(), a, b) { first, second in
      #expect(eventually { first.isMaster && second.readings.received > 2 })
      #expect(!second.isMaster)
    }
    // From somebody who is no peer, nothing counts.
    b.peers = [IPAddress("192.0.2.3")!]
    try Self.pair(Cable(), a, b) { first, second in
      #expect(eventually { second.isMaster && second.readings.discarded(.source) > 0 })
    }
  }
}

/// What tcpdump reads on the other end.
struct WireTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var router: VirtualRouter
    var filter: String
    /// What its lines contain.
    var words: [String]
  }

  private static let cases: [Case] = {
    var v2 = VirtualRouter.test(120, centiseconds: 100)
    v2.version = .v2
    var inet6 = VirtualRouter.test(120)
    inet6.families = PerFamily(inet: false, inet6: true)
    inet6.addresses = [IPAddress("fe80::254")!]
    var unicast = VirtualRouter.test(120)
    unicast.peers = [IPAddress("192.0.2.2")!]
    let common = ["vrid 51", "prio 120", "ttl 255"]
    return [
      Case(
        testDescription: "version 3", router: .test(120), filter: "ip proto 112",
        words: common + [
          "192.0.2.1 > 224.0.0.18", "VRRPv3", "intvl 10cs", "addrs: 192.0.2.254", "tos 0xc0",
        ]),
      Case(
        testDescription: "version 2", router: v2, filter: "ip proto 112",
        words: common + ["VRRPv2", "authtype none", "intvl 1s", "addrs: 192.0.2.254"]),
      Case(
        testDescription: "IPv6", router: inet6, filter: "ip6 proto 112",
        words: ["fe80::a > ff02::12", "hlim 255", "VRRPv3", "vrid 51", "addrs: fe80::254"]),
      Case(
        testDescription: "unicast", router: unicast, filter: "ip proto 112",
        words: common + ["192.0.2.1 > 192.0.2.2", "intvl 10cs"]),
    ]
  }()

  @Test(arguments: cases) func tcpdumpReadsWhatWeSend(example: Case) throws {
    let cable = try Cable()
    let dump = try cable.b.run {
      try Started(["tcpdump", "-nvvl", "-i", "eth-b", "-c", "2", example.filter])
    }
    let station = try Station(example.router, in: cable.a)
    defer { station.speaker.stop() }
    try station.connect("eth-a", "192.0.2.1", "fe80::a")
    let isRead = eventually { !dump.isRunning }
    if !isRead { dump.kill(9) }
    let text = dump.wait().output
    #expect(isRead, "\(text)")
    for word in example.words { #expect(text.contains(word), "\(word): \(text)") }
    // "bad vrrp cksum", as it says of a wrong one.
    #expect(!text.contains("bad"), "\(text)")
  }
}
