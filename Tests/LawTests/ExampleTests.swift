import Agent
import Model
import Plan
import State
import TestSupport
import Testing

private let checkout = String(
  #filePath.prefix(#filePath.count - "/Tests/LawTests/ExampleTests.swift".count))

/// The examples in `states/` do what their roles need.
@Suite struct ExampleTests {
  static let names = (try? fileNames(in: checkout + "/states/", ending: ".json")) ?? []

  /// What one of several pods has in its environment.
  static let parameters = ParameterSources { ["INDEX": Array("1".utf8)][$0] }

  @Test func thereAreExamples() { #expect(Self.names.count >= 4) }

  @Test(arguments: names)
  func exampleIsAppliedAndThereIsNothingLeftToDo(_ name: String) throws {
    try inNamespace { directory in
      // What a node's or a pod's own network provides: the links that the examples refer to.
      for line in [
        "ip link add bond0 type bridge", "ip link set bond0 up mtu 9000",
        "ip link add vpn-gw-veth0 type ifb", "ip link set vpn-gw-veth0 up",
        "ip address add 192.168.27.128/22 dev vpn-gw-veth0", "ip link add vpn-r-veth0 type ifb",
        "ip rule add not fwmark 51820 lookup 51820 priority 101",
      ] { try sh(line) }
      let bytes = try readFile(checkout + "/states/" + name)
      let desiredState = try StateFile.decode(
        bytes, parameters: Self.parameters, surroundings: TestKeys())
      if !desiredState.allWireGuards.isEmpty, (try? sh("ip link add probe0 type wireguard")) == nil
      {
        try Test.cancel("this kernel has no WireGuard")
      }
      let reconciler = try Reconciler(runDirectory: directory)
      let observed = try reconciler.observe(for: desiredState)
      let master: [Signal: Signal.State] = [Signal(.vrrp, "router"): .up]
      let desired = desiredState.expanded(given: master, keeping: observed)
      #expect(try !reconciler.plan(to: desired).steps.isEmpty)
      let outcome = try reconciler.reach(desired)
      if observed.lacksIPVS, !desired.ipvsServices.isEmpty {
        // Reported once, and everything else is done.
        #expect(outcome.conflicts.map { $0.reason.hasPrefix("this kernel has no IPVS") } == [true])
        #expect(outcome.failed.isEmpty && outcome.skipped.isEmpty)
        #expect(try reconciler.plan(to: desired).steps.isEmpty)
        return
      }
      #expect(outcome.complaints == "")
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
    }
  }

  /// `ip rule del table 51820`, which gluetun needs at each restart, is one line of a state file.
  @Test func gluetunsRuleIsGone() throws {
    try inNamespace { directory in
      try sh("ip rule add not fwmark 51820 lookup 51820 priority 101")
      let path = checkout + "/states/gluetun-restart.json"
      try Reconciler(runDirectory: directory).reach(StateFile.decode(readFile(path)).expanded())
      #expect(try !sh("ip rule show").contains("51820"))
    }
  }
}
