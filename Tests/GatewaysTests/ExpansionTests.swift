import Blueprints
import JSON
import Model
import Nftables
import State
import TestSupport
import Testing

private let checkout = String(
  #filePath.prefix(#filePath.count - "/Tests/GatewaysTests/ExpansionTests.swift".count))

@Suite struct ExpansionTests {
  static func desiredState(_ name: String) throws -> DesiredState {
    try StateFile.decode(readFile("\(checkout)/states/\(name)"))
  }

  private static func states(_ gateways: Gateways, down: Set<String>) -> [Signal: Signal.State] {
    gateways.members.reduce(into: [Signal(.vrrp, "router"): .up]) { states, member in
      states[member.signal] = down.contains(member.name) ? .down : .up
    }
  }

  /// The golden file was read line by line against `dataplane-rules.md`.
  @Test(arguments: ["router", "single-router"])
  func theSeedsNetworkExpandsToTheGoldenFile(_ name: String) throws {
    let desiredState = try Self.desiredState(name + ".json")
    let gateways = try #require(desiredState.blueprints[Gateways.self])
    let all = desiredState.expanded(given: Self.states(gateways, down: []))
    try expectGolden(StateFile.encode(all).text(), name + ".json")
    // Only nft's table tells who is alive: answers also go back by dead gateways.
    var one = desiredState.expanded(given: Self.states(gateways, down: ["gw2"]))
    #expect(one.tables != all.tables)
    one.tables = all.tables
    #expect(one == all)
  }

  @Test func theSeedsGatewaysAreProbedAsItsToolsDo() throws {
    let gateways = try #require(try Self.desiredState("router.json").blueprints[Gateways.self])
    let probes = gateways.probes
    #expect(probes.map(\.name) == (0..<8).map { "gw\($0)" })
    guard case .gluetun(let question) = probes[7].question else {
      Issue.record("\(probes[7])")
      return
    }
    #expect(question.address == IPAddress("192.168.25.135"))
    #expect((question.healthPort, question.controlPort) == (9999, 8000))
  }

  /// A daemon that has just started knows nothing, and changes nothing.
  @Test(arguments: [["gw0"], ["gw1", "gw2", "gw7"], []] as [Set<String>])
  func aRestartMovesNothing(_ up: Set<String>) throws {
    let gateways = Seed.gateways()
    let before = gateways.expanded(up: up)
    #expect(gateways.inUse(by: [NftablesTable(before.table)]) == up)
    #expect(gateways.expanded(given: [:], keeping: [NftablesTable(before.table)]) == before)
    // Known signals count: one of the two in use is dead, and one of the others is alive.
    let signals: [Signal: Signal.State] = [
      Signal(.probe, "gw1"): .down, Signal(.probe, "gw3"): .up,
    ]
    #expect(
      gateways.expanded(given: signals, keeping: [NftablesTable(before.table)])
        == gateways.expanded(up: up.subtracting(["gw1"]).union(["gw3"])))
  }

  @Test func withoutSignalsAndATableNoGatewayIsUsed() {
    let gateways = Seed.gateways()
    #expect(gateways.expanded(given: [:]) == gateways.expanded(up: []))
  }

  /// One router saw a gateway go and come, the other didn't: flows go the same way on both.
  @Test func routersWithOtherHistoriesAgree() {
    let gateways = Seed.gateways(4)
    var tables: [Nftables.Table] = []
    for down in [["gw1"], ["gw1", "gw3"], ["gw0"], []] as [Set<String>] {
      tables = [
        gateways.expanded(
          given: Self.states(gateways, down: down), keeping: tables.map(NftablesTable.init)
        ).table
      ]
    }
    #expect(tables == [gateways.expanded(given: Self.states(gateways, down: [])).table])
  }

  /// Before Linux 6.11 there is no seed, and everything else still works.
  @Test func aKernelWithoutAHashSeedGetsNone() throws {
    let desiredState = try StateFile.decode(
      readFile("\(checkout)/Tests/StateTests/Corpus/good/gateways-ecmp.json"))
    let key = try #require(Sysctl.Key("net.ipv4.fib_multipath_hash_seed"))
    var observed = NetworkState()
    #expect(desiredState.expanded(keeping: observed).sysctls.contains { $0.key == key })
    observed.sysctls = [Sysctl(key, nil)]
    #expect(!desiredState.expanded(keeping: observed).sysctls.contains { $0.key == key })
    #expect(desiredState.blueprints[Gateways.self]?.lacking(in: observed) == [key])
    observed.sysctls = [Sysctl(key, "1")]
    #expect(desiredState.expanded(keeping: observed).sysctls.contains { $0.key == key })
  }

  /// Conditions elsewhere in the file may name a gateway's signal, as that of any probe.
  @Test func aGatewaysSignalWorksInConditions() throws {
    let desiredState = try StateFile.decode(
      readFile("\(checkout)/Tests/StateTests/Corpus/good/gateways-list.json"))
    func routes(_ state: Signal.State) -> [Route] {
      desiredState.expanded(given: [Signal(.probe, "oslo"): state]).routes.filter {
        $0.table == .main
      }
    }
    #expect(routes(.up).count == 1)
    #expect(routes(.down) == [])
  }
}
