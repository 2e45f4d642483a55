import Blueprints
import Model
import Nftables
import Testing

/// Which of the gateways alive carry new flows.
@Suite struct ChoiceTests {
  /// A router that passes again and again, and sees its own table each time.
  private struct Router {
    let gateways: Gateways
    var tables: [NftablesTable] = []

    init(_ gateways: Gateways) { self.gateways = gateways }

    /// The names of the gateways that carry new flows, with these up; nil: nothing is known.
    mutating func pass(_ up: Set<String>?) -> [String] {
      let signals = gateways.members.reduce(into: [Signal: Signal.State]()) { states, member in
        states[member.signal] = up.map { $0.contains(member.name) ? .up : .down }
      }
      var state = NetworkState()
      state.tables = gateways.expanded(given: signals, keeping: tables).tables.map(
        NftablesTable.init)
      tables = state.tables
      return gateways.availabilities(in: state, given: signals)[0].leading
    }

    /// What the map of buckets leads to; empty for others than `consistent`.
    var shares: Set<UInt64> {
      let map = tables[0].source!.sets.first { $0.name == "egress" }
      return Set(
        (map?.elements ?? []).compactMap { element -> UInt64? in
          guard case .number(let mark)? = element.data else { return nil }
          return mark
        })
    }
  }

  private static func router(
    _ count: Int = 4, _ balance: Gateways.Balance = .single, sticky: Bool, active: Int? = nil
  ) -> Router {
    var gateways = Seed.gateways(count, balance: balance)
    gateways.egress.isSticky = sticky
    gateways.egress.active = active
    return Router(gateways)
  }

  @Test func whatLivesKeepsTheTrafficOfAStickyGroup() {
    var router = Self.router(sticky: true)
    let all: Set = ["gw0", "gw1", "gw2", "gw3"]
    #expect(router.pass(all) == ["gw0"])
    #expect(router.pass(["gw1", "gw2"]) == ["gw1"])
    #expect(router.pass(all) == ["gw1"])
    // A restart knows no signal, and asks the kernel.
    #expect(router.pass(nil) == ["gw1"])
    #expect(router.pass(all) == ["gw1"])
    #expect(router.pass(["gw0", "gw2"]) == ["gw0"])
    #expect(router.pass([]) == [])
    #expect(router.pass(all) == ["gw0"])
  }

  /// At the start each gateway's state becomes known at another moment; two routers agree all the same.
  @Test func theFirstToAnswerIsNotKeptWhileOthersAreUnknown() {
    let gateways = Self.router(sticky: true).gateways
    var tables: [NftablesTable] = []
    func pass(_ states: [String: Signal.State]) -> [String] {
      let signals = states.reduce(into: [:]) { $0[Signal(.gateway, $1.key)] = $1.value }
      var state = NetworkState()
      state.tables = gateways.expanded(given: signals, keeping: tables).tables.map(
        NftablesTable.init)
      tables = state.tables
      return gateways.availabilities(in: state, given: signals)[0].leading
    }
    #expect(pass(["gw3": .up]) == ["gw3"])
    #expect(pass(["gw1": .up, "gw3": .up]) == ["gw1"])
    #expect(pass(["gw0": .down, "gw1": .up, "gw2": .up, "gw3": .up]) == ["gw1"])
    #expect(pass(["gw0": .up, "gw1": .up, "gw2": .up, "gw3": .up]) == ["gw1"])
    // After a restart, what is known first doesn't take the traffic.
    #expect(pass(["gw0": .up]) == ["gw1"])
  }

  @Test func theFirstReturnsToAGroupThatIsNotSticky() {
    var router = Self.router(sticky: false)
    #expect(router.pass(["gw1", "gw2"]) == ["gw1"])
    #expect(router.pass(["gw0", "gw1"]) == ["gw0"])
  }

  @Test func aDrainedGatewayLosesTheTrafficEvenWhereItIsSticky() {
    var before = Self.router(sticky: true)
    #expect(before.pass(["gw0", "gw1"]) == ["gw0"])
    var gateways = before.gateways
    gateways.only[0].weight = 0
    var router = Router(gateways)
    router.tables = before.tables
    #expect(router.pass(["gw0", "gw1"]) == ["gw1"])
  }

  @Test(arguments: [Gateways.Balance.consistent(buckets: 64), .ecmp(.init())])
  func someOfThoseAliveCarryNewFlows(_ balance: Gateways.Balance) {
    var router = Self.router(4, balance, sticky: false, active: 2)
    #expect(router.pass(["gw0", "gw1", "gw2", "gw3"]) == ["gw0", "gw1"])
    #expect(router.pass(["gw1", "gw2", "gw3"]) == ["gw1", "gw2"])
    #expect(router.pass(["gw3"]) == ["gw3"])
    #expect(router.pass(["gw0", "gw3"]) == ["gw0", "gw3"])
    if case .consistent = balance { #expect(router.shares == [0x1900, 0x1903]) }
    // One that is alive and not chosen keeps its flows.
    #expect(router.pass(["gw0", "gw1", "gw2"]) == ["gw0", "gw1"])
    #expect(router.gateways.inUse(by: router.tables) == ["gw0", "gw1", "gw2"])
  }

  @Test func stickyGatewaysStayAmongTheActive() {
    var router = Self.router(4, .consistent(buckets: 64), sticky: true, active: 2)
    #expect(router.pass(["gw1", "gw2", "gw3"]) == ["gw1", "gw2"])
    #expect(router.pass(["gw0", "gw1", "gw2", "gw3"]) == ["gw1", "gw2"])
    #expect(router.pass(["gw0", "gw2", "gw3"]) == ["gw0", "gw2"])
  }

  @Test func theGreaterWeightIsChosenFirst() {
    var gateways = Seed.gateways(3, balance: .consistent(buckets: 64))
    gateways.egress.active = 1
    gateways.only[2].weight = 2
    var router = Router(gateways)
    #expect(router.pass(["gw0", "gw1", "gw2"]) == ["gw2"])
  }
}
