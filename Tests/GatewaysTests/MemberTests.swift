import Blueprints
import Model
import Nftables
import State
import TestSupport
import Testing

private let corpus =
  #filePath.prefix(#filePath.count - "/GatewaysTests/MemberTests.swift".count)
  + "/StateTests/Corpus/good/"

private struct Hosts: Surroundings {
  var answers: [String: [IPAddress]] = [:]
  func secret(at path: String) throws(Incompleteness) -> [UInt8] { throw Incompleteness(path) }
  func addresses(of host: String) -> [IPAddress] { answers[host] ?? [] }
}

@Suite struct MemberTests {
  private static func file(_ name: String) throws -> DesiredState {
    try StateFile.decode(readFile(corpus + name))
  }

  private static func gateways(_ state: DesiredState) throws -> Gateways {
    try #require(state.blueprints[Gateways.self])
  }

  @Test func aMemberIsAliveWhileAllItsTestsSayItIs() throws {
    let state = try Self.file("gateways-probes.json")
    let gateways = try Self.gateways(state)
    #expect(
      state.probes.map(\.name).sorted() == [
        "gw0.health", "gw0.tunnel", "office", "oslo.health", "oslo.tunnel", "rome",
      ])
    func oslo(_ states: [String: Signal.State]) -> Signal.State {
      let signals = states.reduce(into: [:]) { $0[Signal($1.key)!] = $1.value }
      return state.deriving(from: signals)[Signal(.gateway, "oslo")]!
    }
    let (health, tunnel) = ("probe.oslo.health", "probe.oslo.tunnel")
    let office = "probe.office"
    #expect(oslo([health: .up, tunnel: .up, office: .down]) == .up)
    #expect(oslo([health: .up, tunnel: .down, office: .down]) == .down)
    #expect(oslo([health: .up, tunnel: .up, office: .up]) == .down)
    #expect(oslo([health: .up, tunnel: .up]) == .unknown)
    // One that is down decides, whatever isn't known.
    #expect(oslo([tunnel: .down]) == .down)
    // What is stated of the gateway overrides its tests.
    #expect(oslo([health: .up, tunnel: .down, "gateway.oslo": .up]) == .up)
    // A gateway with a single test has its signal too, where somebody names it.
    #expect(state.derived[Signal(.gateway, "rome")] == nil)
    #expect(state.derived[Signal(.gateway, "bern")] != nil)
    #expect(gateways.subjects[Signal(.probe, "rome")] != nil)
    #expect(gateways.subjects[Signal(.gateway, "gw0")] != nil)
  }

  @Test func aTestThroughTheTunnelHasTheGatewaysMark() throws {
    let gateways = try Self.gateways(Self.file("gateways-probes.json"))
    let probes = gateways.members.flatMap(\.tunnelProbes)
    #expect(probes.map(\.name) == ["gw0.tunnel", "oslo.tunnel"])
    #expect(probes.map(\.mark) == [Mark(0x1000), Mark(0x1001)])
    let rule = try #require(gateways.rules.first { $0.selector.fwmark == Mark(0x1001) })
    #expect(rule.action == .lookup(RouteTable(11_801)))
  }

  @Test func conditionsMayNameAGateway() throws {
    let state = try Self.file("gateways-probes.json")
    func routes(_ oslo: Signal.State) -> Int {
      state.expanded(given: [Signal(.gateway, "oslo"): oslo]).routes.count { $0.table == .main }
    }
    #expect(routes(.up) == 1)
    #expect(routes(.down) == 0)
  }

  @Test func rangesInAListStandForMembers() throws {
    let gateways = try Self.gateways(Self.file("gateways-list-ranges.json"))
    #expect(
      gateways.members.map(\.name) == ["gw0", "gw1", "gw2", "gw3", "oslo0", "oslo1", "rome"])
    #expect(gateways.members[5].addresses == [IPAddress("10.0.0.9")!])
    #expect(gateways.members[5].vips == [IPAddress("10.0.1.9")!])
    #expect(gateways.members.map(\.weight) == [1, 1, 1, 1, 2, 2, 1])
    #expect(gateways.members.map(\.mtu) == [1380, 1380, 1380, 1380, nil, nil, nil])
    #expect(gateways.probes.count == 7)
  }

  // MARK: - Hosts

  @Test func hostsAreClosedUntilTheyAreResolvedAndThenFollowed() throws {
    var state = try Self.file("gateways-hosts.json")
    #expect(state.needsSurroundings)
    func ways(_ observed: NetworkState = NetworkState()) -> [String] {
      let all = state.expanded(keeping: observed).routes.filter {
        (11_800...11_802).contains($0.table.number)
      }
      return all.compactMap { route in route.hop?.via.map { "\(route.table) \($0)" } }.sorted()
    }
    #expect(ways() == ["11802 192.168.25.130", "11802 fd24::1:130"])
    // Each has a route that closes it, resolved or not.
    let closed = state.expanded().routes.filter { $0.type == .unreachable }
    #expect(Set(closed.map(\.table.number)) == [11_800, 11_801, 11_802])
    #expect(state.probes.map(\.name) == ["gw2"])

    let first = Hosts(answers: [
      "oslo.example.org": ["127.0.0.1", "192.168.25.9", "192.168.25.10"].map { IPAddress($0)! }
    ])
    try state.complete(by: first)
    #expect(ways().contains("11801 192.168.25.9"))
    #expect(state.probes.map(\.name).sorted() == ["gw2", "oslo"])
    guard case .gluetun(let question) = state.probes.first(where: { $0.name == "oslo" })?.question
    else {
      Issue.record("\(state.probes)")
      return
    }
    #expect(question.address == IPAddress("192.168.25.9"))

    let observed = state.expanded()
    let second = Hosts(answers: [
      "oslo.example.org": [IPAddress("192.168.25.11")!],
      "gw-0.gateways.vpn.svc": [IPAddress("fd24::7")!],
    ])
    try state.complete(by: second)
    #expect(ways().prefix(2) == ["11800 fd24::7", "11801 192.168.25.11"])
    // After a restart nobody has answered yet: what the kernel has stays.
    try state.complete(by: Hosts())
    var owned = observed
    for index in owned.routes.indices { owned.routes[index] = owned.routes[index].takenForOurs }
    #expect(ways(owned).contains("11801 192.168.25.9"))
  }

  @Test func eachGatewaysMSSFitsItsTunnel() throws {
    let gateways = try Self.gateways(Self.file("gateways-list-ranges.json"))
    let table = gateways.expanded(up: gateways.names).table
    let forward = try #require(table.chains.first { $0.name == "forward" })
    let text = forward.rules.map { "\($0.statements)" }
    #expect(text.filter { $0.contains("number(1340)") }.count == 1)
    #expect(text.filter { $0.contains("number(1380)") }.count == 1)
  }
}
