import JSON
import Model
import Nftables
import State
import TestSupport
import Testing

@testable import Agent

/// A blueprint that nothing in the product knows: a route to a resolver while it is alive.
private struct Resolver: Blueprint {
  static let section = "resolver"
  static let countsDrops = true
  static let tableID = NftablesTable.ID(.inet, "resolver")

  var address = IPAddress("192.0.2.53")!

  var probes: [Probe] { [Probe(name: "ns", question: .icmp(address))] }
  var parts: [BlueprintPart] { [BlueprintPart("resolver ns", signals: [signal])] }
  var signal: Signal { Signal(.probe, "ns") }

  var claims: BlueprintClaims {
    var claims = BlueprintClaims()
    claims.sysctls = [Sysctl(Sysctl.Key("net.ipv4.ip_forward")!, "1")]
    claims.tables = [Self.tableID]
    return claims
  }

  func expanded(in context: BlueprintContext) -> NetworkState {
    var state = NetworkState()
    state.sysctls = claims.sysctls
    var table = Nftables.Table(family: .inet, name: "resolver")
    table.objects = [
      Nftables.NamedObject(name: "dead", content: .counter(packets: 0, bytes: 0))
    ]
    state.tables = [NftablesTable(table)]
    var route = Route(Prefix(address), hop: Route.Hop(dev: .loopback))
    route.table = RouteTable(4000)
    if context.signals[signal] == .up { state.routes = [route] }
    return state
  }

  func owns(_ object: Object) -> Bool { object.as(Route.self)?.table.number == 4000 }

  func notes(in observed: NetworkState) -> [Trouble] {
    [Trouble(object: Self.section, reason: "is a toy")]
  }

  func mistakes(in file: DesiredState) -> [Trouble] {
    [Trouble(object: Self.section, reason: "resolves nothing")]
  }

  var subjects: [Signal: SignalSubject] {
    [
      signal: SignalSubject(
        [.init("resolver", address.description)], peers: [signal], loss: "no name resolves")
    ]
  }

  func availabilities(
    in wanted: NetworkState, given signals: [Signal: Signal.State]
  ) -> [Availability] {
    let leads = wanted.routes.contains { $0.table.number == 4000 }
    return [
      Availability(
        name: "names", noun: "resolvers", leading: leads ? ["ns"] : [], count: 1,
        isClosed: signals[signal] == .down, reason: "no resolver is alive")
    ]
  }

  var counters: DropCounters? {
    DropCounters(table: Self.tableID, reasons: [.init("dead", meaning: "nobody resolves")])
  }
}

/// A blueprint that expands with what a probe reads: a table for each forwarded port.
private struct Reader: Blueprint {
  static let section = "reader"

  var signal: Signal { Signal(.probe, "gw") }
  var probes: [Probe] { [Probe(name: "gw", question: .icmp(IPAddress("192.0.2.1")!))] }
  var readSignals: Set<Signal> { [signal] }
  var parts: [BlueprintPart] { [] }
  var claims: BlueprintClaims { BlueprintClaims() }
  var healthCondition: Condition? { .all([.signal(signal), .signal(Signal(.link, "lo"))]) }

  func expanded(in context: BlueprintContext) -> NetworkState {
    var state = NetworkState()
    state.routes = (context.readings[signal]?.forwardedPorts ?? []).map { port in
      var route = Route(Prefix("192.0.2.1/32")!, hop: Route.Hop(dev: .loopback))
      route.table = RouteTable(UInt32(port))
      return route
    }
    return state
  }
}

struct BlueprintTests {
  private static var desired: DesiredState {
    var desired = DesiredState()
    desired.blueprints = [Resolver()]
    desired.probes = Resolver().probes
    return desired
  }

  @Test func itsClaimsAreObservedAndItsSignalsDecide() {
    let desired = Self.desired
    #expect(desired.isConditional)
    #expect(desired.decidingSignals == [Resolver().signal])
    #expect(desired.tables.map(\.id) == [Resolver.tableID])
    #expect(desired.sysctlKeys.map(\.description) == ["net.ipv4.ip_forward"])
    #expect(desired.undecidedNames(given: [:]) == ["resolver ns"])
    #expect(desired.undecidedNames(given: [Resolver().signal: .up]) == [])
  }

  @Test func itIsComparedByValue() {
    var other = Self.desired
    #expect(other == Self.desired)
    #expect(other.hashValue == Self.desired.hashValue)
    var resolver = Resolver()
    resolver.address = IPAddress("192.0.2.54")!
    other.blueprints[Resolver.self] = resolver
    #expect(other != Self.desired)
    other.blueprints[Resolver.self] = nil
    #expect(other.blueprints.isEmpty)
  }

  @Test func signalsDecideWhatItExpandsTo() {
    let up = Self.desired.expanded(given: [Resolver().signal: .up])
    #expect(up.routes.map(\.table.number) == [4000])
    #expect(up.claimedTables == [RouteTable(4000)])
    #expect(up.tables.map(\.isBlueprints) == [true])
    #expect(Self.desired.expanded(given: [Resolver().signal: .down]).routes.isEmpty)
  }

  private static var reading: DesiredState {
    var desired = DesiredState()
    desired.blueprints = [Reader()]
    desired.probes = Reader().probes
    return desired
  }

  /// No signal changes meanwhile.
  @Test func whatAProbeReadsIsAppliedAtOnce() throws {
    try Turning.with(nil) { turning in
      turning.daemon.take(Self.reading)
      for ports in [[4001], [4002, 4003], nil] as [[UInt16]?] {
        turning.inbox.post(Reader().signal, SignalReading(forwardedPorts: ports))
        let isThere = try turning.turn {
          let tables = try sh("ip -o route show table all").split(separator: "\n").filter {
            $0.hasPrefix("192.0.2.1 ")
          }
          return tables.count == ports?.count ?? 0
            && (ports ?? []).allSatisfy { port in
              tables.contains { $0.contains("table \(port) ") }
            }
        }
        #expect(isThere, "\(ports ?? [])")
      }
    }
  }

  @Test func healthIsWhatItsConditionSays() throws {
    try Turning.with(nil) { turning in
      func answer(_ path: String) -> String {
        turning.store.answer(path).map { "\($0.status): \($0.body)" } ?? ""
      }
      let (good, bad) = ("200 OK: ok\n", "503 Service Unavailable: ")
      // Nobody has asked for anything yet; with a file that can't be read, nobody knows what was asked for.
      #expect(answer("/healthz") == good)
      turning.store.update { $0.file = .bad(["state.json:1:1: expected a value", "more"]) }
      #expect(
        answer("/healthz") == bad + "no state file is in force: state.json:1:1: expected a value\n")
      #expect(answer("/livez") == good)
      turning.store.update { $0.hasFile = true }
      #expect(answer("/healthz") == good)
      turning.daemon.take(Self.reading)
      #expect(answer("/healthz").hasPrefix(bad))
      turning.converge()
      #expect(answer("/healthz") == bad + "probe.gw is not known yet\n")
      for state in [.up, .down, .up] as [Signal.State] {
        turning.inbox.post(Reader().signal, state)
        let isSaid = turning.turn {
          answer("/healthz") == (state == .up ? good : bad + "probe.gw is down\n")
        }
        #expect(isSaid, "\(state)")
        #expect(answer("/livez") == good)
        let value = turning.value("vpngw_healthy")
        #expect(value == (state == .up ? 1 : 0))
      }
      #expect(turning.log.of("health").count == 4)
      try sh("ip link set lo down")
      let isDown = turning.turn { answer("/healthz") == bad + "link.lo is down\n" }
      #expect(isDown)
      // Without such a blueprint the question doesn't apply.
      turning.daemon.take(Self.desired)
      #expect(answer("/healthz") == good)
      #expect(!turning.store.metrics.text.contains("vpngw_healthy"))
    }
  }

  @Test func theLoopAppliesItAndReportsItInStatusAndMetrics() throws {
    try Turning.with(nil) { turning in
      turning.daemon.take(Self.desired)
      func say(_ state: Signal.State, until count: Int) -> Bool {
        turning.inbox.post(Resolver().signal, state)
        return turning.turn {
          let shown = turning.store.status.availabilities.first
          return shown?.availability.leading.count == count
            && (shown?.closedSince == nil) == (state == .up)
        }
      }
      try #require(say(.up, until: 1))
      #expect(try sh("ip -o route show table 4000").contains("192.0.2.53"))
      try #require(say(.down, until: 0))
      #expect(try sh("ip -o route show table 4000").isEmpty)
      turning.converge()
      let document = try Document(Array(turning.store.status.tree().text().utf8))
      withExtendedLifetime(document) {
        let status = document.root
        #expect(status["names"]?["resolvers"]?.integer == 0)
        #expect(status["names"]?["closed"]?.bool == true)
        let drop = status["drops"]?.elements?.first { _ in true }
        #expect(drop?["reason"]?.string == "dead")
        let said = ["notes", "failures"].map { status[$0]?.elements?.map { $0["reason"]?.string } }
        #expect(said == [["is a toy"], ["resolves nothing"]])
        let signal = status["signals"]?.elements?.first { _ in true }
        #expect(signal?["resolver"]?.string == "192.0.2.53")
      }
      let metrics = turning.store.metrics.text
      #expect(metrics.contains("vpngw_resolver_dropped_packets_total{reason=\"dead\"} 0\n"))
      #expect(turning.log.of("names").contains { $0.contains("no resolver is alive") })
      #expect(turning.log.of("signal").contains { $0.contains("no name resolves") })
    }
  }
}
