import Agent
import Blueprints
import Nftables
import TestSupport
import Testing

@testable import Model

private func address(_ text: String) -> IPAddress { IPAddress(text)! }

private let vip = address("192.168.26.128")
private let web = IPVSService.Match.address(vip, port: 80, protocol: .tcp)

/// Three servers behind one port, each with a probe `web.A`, where A is its last octet.
private func web(_ change: (inout Service) -> Void = { _ in }) -> Service {
  var service = Service("web", servers: (1...3).map { .init(address("10.0.0.\($0)")) })
  service.vips = [vip]
  service.ports = [80]
  service.protocols = [.tcp]
  for server in service.servers {
    service.probes[.init(server.address, port: 80, protocol: .tcp)] = Probe(
      name: "web." + server.address.description.suffix(1), question: .icmp(server.address))
  }
  change(&service)
  return service
}

private func signals(_ states: Signal.State...) -> [Signal: Signal.State] {
  states.enumerated().reduce(into: [:]) { $0[Signal(.probe, "web.\($1.offset + 1)")] = $1.element }
}

/// `1 2/0 3`: last octets, with the weight if it isn't 1.
private func text(_ services: [IPVSService]) -> String {
  services[0].destinations.map {
    $0.address.description.split(separator: ".").last!
      + ($0.effectiveWeight == 1 ? "" : "/\($0.effectiveWeight)")
  }.joined(separator: " ")
}

private let allUp = signals(.up, .up, .up)

@Suite struct ExpansionTests {
  @Test func everyPortProtocolAndAddressIsAServiceWithAllServersInCanonicalOrder() {
    var service = Service("s", servers: [9, 10, 2].map { .init(address("10.0.0.\($0)")) })
    service.vips = [address("192.168.26.129"), vip]
    service.ports = [81, 80]
    service.protocols = [.udp, .tcp]
    let services = service.expanded(given: [:])
    #expect(services.count == 8)
    #expect(Set(services.map(\.match)).count == 8)
    for service in services {
      #expect(text([service]) == "2 9 10")
      #expect(service.scheduler == "mh" && service.flags == [.fallback])
      guard case .address(_, let port, _) = service.match else { continue }
      #expect(service.destinations.allSatisfy { $0.port == port })
    }
  }

  /// Searching for each server among all of them took a minute.
  @Test(.timeLimit(.minutes(1))) func sixtyThousandServersAreExpandedAtOnce() {
    var service = Service("s", servers: (0..<60_000).map { .init(IPAddress(v4: 0x0a00_0000 + $0)) })
    service.vips = [vip]
    service.ports = [80]
    let made = service.expanded(given: [:])[0]
    #expect(service.expanded(given: [:], keeping: [made.match: made]) == [made])
    let kept = made.keeping(
      made.destinations.map { _ in .unknown }, present: made, .forever, isOver: { _ in false })
    #expect(kept == made)
  }

  @Test func familiesStayAmongThemselvesExceptInTunnels() {
    var service = Service("s", servers: ["10.0.0.1", "fd00::2"].map { .init(address($0)) })
    service.vips = [vip, address("fd00::80")]
    service.ports = [80]
    #expect(
      service.expanded(given: [:]).map { $0.destinations.map(\.address.family) }
        == [[.inet], [.inet6]])
    service.forwarding = .tunnel(.ipip)
    #expect(service.expanded(given: [:]).allSatisfy { $0.destinations.count == 2 })
  }

  @Test func failedServerIsDrainedWhileItsTimeLastsAndThenGone() {
    let service = web()
    let present = service.expanded(given: allUp)
    #expect(text(present) == "1 2 3")
    let down = signals(.up, .down, .up)
    #expect(
      text(service.expanded(given: down, keeping: present.byMatch) { _ in false }) == "1 2/0 3")
    #expect(text(service.expanded(given: down, keeping: present.byMatch) { _ in true }) == "1 3")
    // An absent server doesn't come back only to be drained.
    let gone = service.expanded(given: down, keeping: present.byMatch)
    #expect(text(service.expanded(given: down, keeping: gone.byMatch) { _ in false }) == "1 3")
    #expect(text(service.expanded(given: allUp, keeping: gone.byMatch) { _ in false }) == "1 2 3")
  }

  @Test func inhibitedForeverStaysAtWeightZero() {
    let service = web { $0.inhibit = .forever }
    #expect(text(service.expanded(given: signals(.up, .down, .up))) == "1 2/0 3")
    #expect(service.drainings(given: signals(.up, .down, .up), keeping: [:]).isEmpty)
  }

  @Test func unknownServerIsAsTheKernelHasIt() {
    let service = web()
    let unknown = signals(.unknown, .unknown, .unknown)
    #expect(text(service.expanded(given: unknown)) == "")
    var present = service.expanded(given: signals(.up, .down, .up))
    #expect(text(service.expanded(given: unknown, keeping: present.byMatch)) == "1 3")
    present[0].destinations[0].weight = 0
    #expect(text(service.expanded(given: unknown, keeping: present.byMatch)) == "1/0 3")
  }

  @Test func serverThatLeftTheFileIsDrained() {
    let present = web().expanded(given: allUp)
    let less = web { $0.servers.removeLast() }
    #expect(text(less.expanded(given: allUp, keeping: present.byMatch) { _ in false }) == "1 2 3/0")
    #expect(text(less.expanded(given: allUp, keeping: present.byMatch) { _ in true }) == "1 2")
    #expect(less.drainings(given: allUp, keeping: present.byMatch).map(\.grace) == [.seconds(300)])
  }

  @Test func conditionOfAServerStandsInPlaceOfItsProbe() {
    let service = web { $0.servers[0].when = .not(.signal(Signal(.probe, "web.2"))) }
    #expect(text(service.expanded(given: signals(.down, .up, .up))) == "2 3")
    #expect(text(service.expanded(given: signals(.down, .down, .up))) == "1 3")
  }

  // MARK: - Quorum

  private static let sorry = Service.Server(IPAddress("10.0.0.9")!)

  /// keepalived's `update_quorum_state`: up at quorum + hysteresis, down below quorum - hysteresis.
  @Test func quorumFallsAndRisesByTheHysteresis() {
    let service = web {
      $0.quorum = 2
      $0.hysteresis = 1
      $0.sorry = Self.sorry
    }
    func next(_ present: [IPVSService], _ states: Signal.State...) -> [IPVSService] {
      let signals = states.enumerated().reduce(into: [:]) {
        $0[Signal(.probe, "web.\($1.offset + 1)")] = $1.element
      }
      return service.expanded(given: signals, keeping: present.byMatch)
    }
    var present = next([], .up, .up, .up)
    #expect(text(present) == "1 2 3")
    present = next(present, .up, .down, .down)  // 1 is not less than 2 - 1
    #expect(text(present) == "1")
    present = next(present, .down, .down, .down)
    #expect(text(present) == "9")
    present = next(present, .up, .up, .down)  // 2 is less than 2 + 1
    #expect(text(present) == "1/0 2/0 9")
    present = next(present, .up, .up, .up)
    #expect(text(present) == "1 2 3")
  }

  @Test func sorryServerKeepsItsFlowsWhenTheOthersAreBack() {
    let service = web { $0.sorry = Self.sorry }
    let none = service.expanded(given: signals(.down, .down, .down))
    #expect(text(none) == "9")
    #expect(
      text(service.expanded(given: allUp, keeping: none.byMatch) { _ in false }) == "1 2 3 9/0")
    #expect(text(service.expanded(given: allUp, keeping: none.byMatch)) == "1 2 3")
  }

  @Test func weightsCountTowardsTheQuorumAndDrainedServersDoNot() {
    let service = web {
      $0.quorum = 5
      $0.sorry = Self.sorry
      $0.servers[0].weight = 5
      $0.servers[1].isDrained = true
    }
    #expect(text(service.expanded(given: allUp)) == "1/5 2/0 3")
    #expect(text(service.expanded(given: signals(.down, .up, .up))) == "2/0 3/0 9")
  }

  // MARK: - Time

  @Test func aDrainingLastsItsGraceAndStartsAnewAfterAReturn() {
    let service = web { $0.inhibit = .lasting(.seconds(2)) }
    let present = service.expanded(given: allUp)
    let down = signals(.up, .up, .down)
    var drainings = Drainings()
    func step(_ now: Int, _ signals: [Signal: Signal.State]) -> String {
      let now = Instant.seconds(now)
      drainings.update(service.drainings(given: signals, keeping: present.byMatch), now: now)
      return text(
        service.expanded(given: signals, keeping: present.byMatch) {
          drainings.isOver($0, now: now)
        })
    }
    #expect(step(10, down) == "1 2 3/0")
    #expect(drainings.next(after: .seconds(10)) == .seconds(12))
    #expect(step(11, down) == "1 2 3/0")
    #expect(step(12, down) == "1 2")
    #expect(step(13, allUp) == "1 2 3")
    #expect(drainings.next(after: .seconds(13)) == nil)
    #expect(step(14, down) == "1 2 3/0")
  }

  @Test func noGraceIsOverAtOnce() {
    let service = web { $0.inhibit = .lasting(.zero) }
    let present = service.expanded(given: allUp)
    let down = signals(.down, .up, .up)
    var drainings = Drainings()
    drainings.update(service.drainings(given: down, keeping: present.byMatch), now: .seconds(5))
    let left = service.expanded(given: down, keeping: present.byMatch) {
      drainings.isOver($0, now: .seconds(5))
    }
    #expect(text(left) == "2 3")
  }

  /// A table depends on the signals and not on the past, so routers agree.
  @Test func tableDependsOnSignalsAndNotOnWhatWasBefore() {
    let service = web {
      $0.quorum = 2
      $0.sorry = Self.sorry
    }
    let states: [Signal.State] = [.up, .down]
    var all: [[Signal: Signal.State]] = []
    for a in states { for b in states { for c in states { all.append(signals(a, b, c)) } } }
    for given in all {
      let fresh = service.expanded(given: given)
      for other in all {
        let before = service.expanded(given: other)
        #expect(service.expanded(given: given, keeping: before.byMatch) == fresh)
      }
    }
  }
}

/// What a service needs besides its IPVS services.
@Suite struct SurroundingsTests {
  @Test func aliasIsALocalRouteForIPVSAlone() {
    var service = web { $0.aliases = [address("10.33.0.10")] }
    let routes = Services([service]).expanded(given: [:]).configuration.routes
    #expect(routes.map(\.id.description) == ["10.33.0.10/32 table local"])
    #expect(routes.map(\.type) == [.local])
    service.balancer = .nft
    #expect(Services([service]).expanded(given: [:]).configuration.routes.isEmpty)
  }

  @Test func settingsAreTheMeasuredOnes() {
    let texts = Services([web()]).sysctls.map { "\($0.key)=\($0.text ?? "")" }
    #expect(
      texts == [
        "net.ipv4.ip_forward=1", "net.netfilter.nf_conntrack_tcp_loose=1",
        "net.netfilter.nf_conntrack_tcp_be_liberal=1", "net.netfilter.nf_conntrack_udp_timeout=180",
        "net.netfilter.nf_conntrack_udp_timeout_stream=180", "net.ipv4.vs.conntrack=1",
        "net.ipv4.vs.sloppy_tcp=1", "net.ipv4.vs.expire_nodest_conn=1",
      ])
    let nft = Services([web { $0.balancer = .nft }]).sysctls.map(\.key.description)
    #expect(!nft.contains { $0.contains(".vs.") })
    #expect(Services([]).sysctls.isEmpty)
  }

  @Test func onlyUnservedServicesDrop() throws {
    let service = web { $0.onNone = .drop }
    func elements(_ given: [Signal: Signal.State]) throws -> [Nftables.Element] {
      let table = Services([service]).expanded(given: given).table
      return try #require(table?.sets.first { $0.name == "none4" }).elements
    }
    #expect(try elements(signals(.down, .down, .up)).isEmpty)
    #expect(
      try elements(signals(.down, .down, .down)).map(\.key) == [
        .concat([.symbol("192.168.26.128"), .symbol("tcp"), .number(80)])
      ])
    #expect(Services([web()]).expanded(given: allUp).table == nil)
  }
}

/// Without IPVS: the buckets of a map, by rendezvous.
@Suite struct BucketTests {
  private let service = web { $0.balancer = .nft }

  private func buckets(
    _ given: [Signal: Signal.State], _ present: [NftablesTable] = []
  ) throws -> [Nftables.Expression] {
    let table = Services([service]).expanded(given: given, present).table
    return try #require(table?.sets.first).elements.compactMap(\.data)
  }

  @Test func serversShareTheBucketsEvenly() throws {
    let counts = try buckets(allUp).reduce(into: [:]) { $0[$1, default: 0] += 1 }
    #expect(counts.values.sorted() == [341, 341, 342])
  }

  @Test func onlyTheFailedServersBucketsMove() throws {
    let (before, after) = (try buckets(allUp), try buckets(signals(.up, .down, .up)))
    for (old, new) in zip(before, after) where old != .symbol("10.0.0.2") { #expect(old == new) }
    #expect(!after.contains(.symbol("10.0.0.2")))
    #expect(after.count == 1024)
  }

  @Test func unknownServersAreUsedIfTheyWere() throws {
    let table = try #require(
      Services([service]).expanded(given: signals(.up, .down, .up)).table)
    let unknown = signals(.unknown, .unknown, .unknown)
    #expect(try buckets(unknown, [NftablesTable(table)]) == buckets(signals(.up, .down, .up)))
    #expect(try buckets(unknown).isEmpty)
  }

  @Test func weightZeroAndDrainedServersHaveNone() throws {
    let service = web {
      $0.balancer = .nft
      $0.servers[0].weight = 0
      $0.servers[1].isDrained = true
    }
    let table = try #require(Services([service]).expanded(given: allUp).table)
    #expect(Set(table.sets[0].elements.compactMap(\.data)) == [.symbol("10.0.0.3")])
  }
}
