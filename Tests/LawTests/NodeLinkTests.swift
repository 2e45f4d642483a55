import Agent
import JSON
import Model
import Plan
import State
import TestSupport
import Testing

/// What nodes need of links beyond the laws: order, drift, and what is the kernel's own.
@Suite struct NodeLinkTests {
  private static func requireKernel(_ type: String) throws {
    guard (try? sh("ip link add probe0 type \(type)")) == nil else { return }
    try Test.cancel("this kernel refuses `ip link add type \(type)`")
  }

  private static let bonded = [
    #"{ "name": "bond0", "type": "bond", "mode": "active-backup", "miimon": "100ms", "primary": "d1" }"#,
    #"{ "name": "d0", "type": "dummy", "master": "bond0" }"#,
    #"{ "name": "d1", "type": "dummy", "master": "bond0" }"#,
  ]

  /// The primary is made after its bond, in one pass.
  @Test func bondWithItsSlavesTakesOnePass() throws {
    try inNamespace { directory in
      try Self.requireKernel("bond")
      let desired = try decode(["links": Self.bonded])
      #expect(try Reconciler(runDirectory: directory).reach(desired).complaints == "")
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
      #expect(try sh("ip -d link show bond0").contains("primary d1"))
      for slave in ["d0", "d1"] { #expect(try sh("ip link show \(slave)").contains(",UP")) }
    }
  }

  /// Bonding takes only links that are down: one that is up goes down for it, and up again.
  @Test func linkThatIsUpBecomesASlave() throws {
    try inNamespace { directory in
      try Self.requireKernel("bond")
      try sh("ip link add d0 type dummy")
      try sh("ip link add d1 type dummy")
      try sh("ip link set d0 up")
      try sh("ip link set d1 up")
      let theirs = [
        Self.bonded[0], #"{ "name": "d0", "master": "bond0" }"#,
        #"{ "name": "d1", "master": "bond0" }"#,
      ]
      let desired = try decode(["links": theirs])
      #expect(try Reconciler(runDirectory: directory).reach(desired).complaints == "")
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
      for slave in ["d0", "d1"] { #expect(try sh("ip link show \(slave)").contains(",UP")) }
    }
  }

  /// A bond that is replaced, since its mode can't change with slaves, gets its slaves back.
  @Test func slavesOutliveTheirBond() throws {
    try inNamespace { directory in
      try Self.requireKernel("bond")
      try Reconciler(runDirectory: directory).reach(decode(["links": Self.bonded]))
      var changed = Self.bonded
      changed[0] = changed[0].replacing("active-backup", with: "balance-tlb")
      let desired = try decode(["links": changed])
      #expect(
        try plan(directory, desired).contains("replaced: mode can't change in place"))
      #expect(try Reconciler(runDirectory: directory).reach(desired).complaints == "")
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
      for slave in ["d0", "d1"] {
        let shown = try sh("ip link show \(slave)")
        #expect(shown.contains("SLAVE,UP") && shown.contains("master bond0"))
      }
    }
  }

  @Test(arguments: [
    "ip link set d1 nomaster", "ip link set d1 down", "ip link delete d1",
    "ip link set bond0 type bond miimon 50", "ip link delete bond0",
  ])
  func mutilatedBondIsRepaired(_ damage: String) throws {
    try inNamespace { directory in
      try Self.requireKernel("bond")
      let desired = try decode(["links": Self.bonded])
      try Reconciler(runDirectory: directory).reach(desired)
      try sh(damage)
      // What follows from a repair, such as the primary's choice, may take one more.
      for _ in 0..<2 { try Reconciler(runDirectory: directory).reach(desired) }
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
      #expect(try sh("ip -d link show bond0").contains("primary d1"))
    }
  }

  private static let vlans = [
    #"{ "name": "br0", "type": "bridge", "vlan_filtering": true, "vlans": [{ "vid": 10 }] }"#,
    #"{ "name": "d0", "type": "dummy", "master": "br0", "vlans": [{ "vid": 10, "pvid": true, "untagged": true }, { "vid": "20-29" }] }"#,
  ]

  @Test(arguments: [
    "bridge vlan delete vid 10 dev d0", "bridge vlan add vid 30-40 dev d0",
    "bridge vlan add vid 20 dev d0 untagged", "bridge vlan add vid 25 dev d0 pvid",
    "bridge vlan delete vid 10 dev br0 self", "bridge vlan add vid 99 dev br0 self",
    "ip link set d0 nomaster",
  ])
  func mutilatedVLANsAreRepaired(_ damage: String) throws {
    try inNamespace { directory in
      try Self.requireKernel("bridge vlan_filtering 1")
      let desired = try decode(["links": Self.vlans])
      try Reconciler(runDirectory: directory).reach(desired)
      let before = try sh("bridge vlan show")
      try sh(damage)
      #expect(try plan(directory, desired) != Plan.steadyState + "\n")
      #expect(try Reconciler(runDirectory: directory).reach(desired).complaints == "")
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
      #expect(try sh("bridge vlan show") == before)
    }
  }

  /// The tunnels that come with the kernel's modules are nobody's.
  @Test func fallbackTunnelsAreNeverShown() throws {
    try inNamespace { directory in
      try Self.requireKernel("gre remote 192.0.2.99")
      #expect(try sh("ip link show").contains("gre0"))
      let observed = try Reconciler(runDirectory: directory).observe()
      let text = StateFile.encode(observed.everything).text()
      for name in ["gre0", "gretap0", "erspan0"] { #expect(!text.contains("\"\(name)\"")) }
      #expect(text.contains("probe0"))
      let desired = try decode(["links": []])
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
    }
  }

  /// A tunnel that a state file can't state is shown without its type, and left alone.
  @Test func tunnelWithoutParametersIsLeftAlone() throws {
    try inNamespace { directory in
      try Self.requireKernel("gre external")
      let observed = try Reconciler(runDirectory: directory).observe()
      let link = try #require(observed.links.first { $0.name.text == "probe0" })
      #expect(link.device == nil)
    }
  }
}
