import JSON
import Keepalived
import Model
import State
import TestSupport
import Testing

/// What keepalived's VRRP becomes, beside the whole files of KeepalivedTests.
@Suite struct KeepalivedVRRPTests {
  private func imported(_ text: String) throws -> Import {
    try #require(Import("k.conf", files: Pages(["k.conf": text])))
  }

  private func instance(_ body: String) throws -> Import {
    try imported("vrrp_instance a {\ninterface eth0\nvirtual_router_id 5\n\(body)\n}\n")
  }

  /// The objects that move with a virtual router say `when`, and no others do.
  @Test func whatMovesSaysWhen() throws {
    let made = try instance(
      """
      virtual_ipaddress {
        10.0.0.1/24
      }
      virtual_routes {
        10.9.0.0/16 via 10.0.0.9 dev eth0
      }
      virtual_rules {
        from 10.0.0.0/24 table 9 preference 7
      }
      """)
    let desired = try made.desiredState()
    let signal = Signal(.vrrp, "a")
    let master = desired.expanded(given: [signal: .up])
    let backup = desired.expanded(given: [signal: .down])
    #expect((master.addresses.count, master.routes.count, master.rules.count) == (1, 1, 1))
    #expect((backup.addresses.count, backup.routes.count, backup.rules.count) == (0, 0, 0))
    #expect(made.notes.isEmpty)
  }

  @Test(arguments: [
    ("state MASTER\nnopreempt", "k.conf:5: nopreempt counts only with state BACKUP"),
    ("priority 255\nnopreempt", "k.conf:5: an owner preempts"),
    ("advert_int 0.5", "k.conf:1: advert_int 500ms is 1s in version 2"),
    ("unicast_src_ip 10.0.0.1\nunicast_peer {\n fd00::1\n}", "k.conf:1: unicast without a peer"),
    ("unicast_peer {\n 10.0.0.2 min_ttl 3\n}", "k.conf:5: \"min_ttl\" is not carried over"),
    (
      "authentication {\n auth_type AH\n auth_pass x\n}",
      "k.conf:4: \"authentication\" is not carried over"
    ),
    ("track_script {\n none\n}", "k.conf:5: there is no script \"none\" to track"),
    ("track_interface {\n lo\n}", "k.conf:5: not a link that can go down"),
    ("virtual_ipaddress {\n 224.0.0.1\n}", "k.conf:5: 224.0.0.1 is no address of a link"),
    ("virtual_routes {\n 10.0.0.0/8 encap mpls 1 dev eth0\n}", "k.conf:5: the route"),
    ("virtual_routes {\n default dev eth0\n}", "k.conf:5: the route"),
    ("virtual_rules {\n from 10.0.0.1 table 9\n}", "k.conf:5: a rule without a preference"),
    ("virtual_rules {\n uidrange 1-2 table 9\n}", "k.conf:5: the rule"),
    ("notify_fault /x", "k.conf:4: \"notify_fault\" is not carried over"),
    ("garp_master_repeat 3", "k.conf:4: \"garp_master_repeat\" is not carried over"),
    ("track_bfd {\n x\n}", "k.conf:4: \"track_bfd\" is not carried over"),
    ("use_ipvlan", "k.conf:4: \"use_ipvlan\" is not carried over"),
  ])
  func whatCannotBeStatedIsNamedWithItsPlace(body: String, note: String) throws {
    let made = try instance(body)
    #expect(made.notes.contains { $0.description.hasPrefix(note) }, "\(made.notes)")
    _ = try made.desiredState()
  }

  @Test(arguments: [
    "vrrp_instance a {\nvirtual_router_id 5\n}", "vrrp_instance a {\ninterface eth0\n}",
    "vrrp_instance {\n}", "vrrp_instance a {\ninterface eth0\nvirtual_router_id 0\n}",
  ])
  func anInstanceThatCannotBeIsLeftOutWhole(text: String) throws {
    let made = try imported(text)
    #expect(made.notes.last?.description.contains("left out") == true)
    #expect(try made.desiredState().signals.isEmpty)
  }

  @Test func scriptsAreProbesOfTheTypeThatTheyAsk() throws {
    let scripts = [
      ("\"</dev/tcp/10.0.0.1/80\"", "tcp"), ("\"nc -z 10.0.0.1 80\"", "tcp"),
      ("\"/bin/ping -c 1 10.0.0.1\"", "icmp"), ("/bin/true", "exec"), ("check", "exec"),
    ]
    var text = ""
    for (index, script) in scripts.enumerated() {
      text += "vrrp_script s\(index) {\n script \(script.0)\n}\n"
    }
    let tracked = scripts.indices.map { "s\($0)" }.joined(separator: "\n")
    text +=
      "vrrp_instance a {\ninterface eth0\nvirtual_router_id 5\ntrack_script {\n\(tracked)\n}\n}\n"
    let made = try imported(text)
    let printed = made.tree.text()
    for (index, script) in scripts.enumerated() {
      let start = try #require(printed.range(of: "\"s\(index)\": {"))
      #expect(printed[start.upperBound...].prefix(60).contains("\"type\": \"\(script.1)\""))
    }
    _ = try made.desiredState()
  }

  @Test(arguments: ["\"a | b\"", "\"/bin/true; x\"", "\"none\"", "./x"])
  func aScriptThatNeedsMoreIsNamed(script: String) throws {
    let made = try imported(
      "vrrp_script s {\n script \(script)\n}\nvrrp_instance a {\ninterface eth0\n"
        + "virtual_router_id 5\ntrack_script {\n s\n}\n}\n")
    #expect(made.notes.contains { $0.description == "k.conf:1: so nothing tracks script \"s\"" })
    _ = try made.desiredState()
  }

  @Test func aPasswordIsNamedByItsFileAndNeverPrinted() throws {
    let made = try instance("authentication {\n auth_type PASS\n auth_pass hidden12\n}")
    #expect(made.secrets.map(\.path) == ["/etc/vpn-gateway/vrrp-a.password"])
    #expect(made.secrets.map(\.text) == ["hidden12\n"])
    #expect(!(made.tree.text() + "\(made.notes)").contains("hidden"))
  }
}

extension String {
  fileprivate func range(of part: String) -> Range<String.Index>? {
    ranges(of: part).first
  }
}
