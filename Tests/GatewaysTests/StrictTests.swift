import Blueprints
import Kernel
import Model
import Netlink
import TestSupport
import Testing

/// Packets that come in by a link that the file doesn't name: `strict` closes what is otherwise
/// only reported.
@Suite struct StrictTests {
  /// Sends from the cluster's side through the router to the internet, which would leave where it
  /// came in.
  private func leaks(_ bed: Bed) throws -> (sent: Int, leaked: Int) {
    let before = try bed.leaked()
    let places = ["8.8.8.8", "45.0.0.1", "2a00::8", "2600::1"].map { IPAddress($0)! }
    try bed.cluster.run {
      for (number, place) in places.enumerated() {
        for isTCP in [true, false] {
          let source = IPAddress(place.family == .inet ? "10.32.0.9" : "fd10::9")!
          try Flow(
            isTCP: isTCP, from: source, destination: place, sport: UInt16(40_000 + number),
            dport: 80
          ).send()
        }
      }
    }
    return (places.count * 2, try bed.leaked() - before)
  }

  private func prepare(_ bed: Bed) throws {
    try bed.cluster.run {
      try sh("ip route add default via 10.32.0.2 dev r0")
      try sh("ip route add default via fd10::2 dev r0")
    }
  }

  @Test(arguments: [false, true]) func strictForwardsNothingElse(_ isStrict: Bool) throws {
    let gateways = isStrict ? Seed.gateways(2, ipv6: true).strict : Seed.gateways(2, ipv6: true)
    try Bed.with(gateways) { bed in
      try prepare(bed)
      try bed.apply(gateways.expanded(up: gateways.names))
      let (sent, leaked) = try leaks(bed)
      #expect(leaked == (isStrict ? 0 : sent))
      // The router's own packets leave.
      try bed.router.run { _ = try sh("ping -c1 -W5 10.32.0.1") }
    }
  }

  @Test(arguments: [ClosedTests.Damage.tableDeleted, .rulesDeleted])
  func eachLockOfStrictHoldsAlone(_ damage: ClosedTests.Damage) throws {
    let gateways = Seed.gateways(2, ipv6: true).strict
    try Bed.with(gateways) { bed in
      try prepare(bed)
      try bed.apply(gateways.expanded(up: gateways.names))
      try damage.happen(to: bed)
      #expect(try leaks(bed).leaked == 0)
    }
  }

  @Test func linksThatForwardUnguardedAreNamed() {
    var observed = NetworkState()
    for (name, device, master, isUp) in [
      ("lo", nil, nil, true), ("eth0", nil, nil, true), ("vpn-gw-veth0", nil, nil, true),
      ("br0", Device.bridge(Bridge()), nil, true), ("port0", nil, "br0", true),
      ("off0", nil, nil, false),
    ] as [(String, Device?, String?, Bool)] {
      var link = Link(LinkName(name)!, device)
      link.master = master.flatMap { LinkName($0) }
      link.isUp = isUp
      observed.links.append(link)
    }
    var strict = DesiredState()
    strict.blueprints[Gateways.self] = Seed.gateways().strict
    let closed = strict.expanded(keeping: observed).rules.filter { $0.priority == 1102 }
    #expect(Set(closed.map(\.selector.iif!.text)) == ["br0", "eth0", "off0"])
    #expect(closed.count == 6)
    #expect(Seed.gateways().unguarded(in: observed).map(\.text) == ["br0", "eth0"])
    #expect(Seed.gateways().strict.unguarded(in: observed) == [])
  }
}
