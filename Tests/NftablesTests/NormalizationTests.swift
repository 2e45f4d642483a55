import Glibc
import JSON
import Kernel
import Model
import Netlink
import Nftables
import State
import TestSupport
import Testing

/// What the kernel fills in by itself is no difference, and what packets add stays.
@Suite struct NormalizationTests {
  /// A set's members besides its name, and whether a rule fills it.
  struct SetCase: CustomTestStringConvertible, Sendable {
    let members: String
    let isFilled: Bool

    var testDescription: String { isFilled ? "\(members), filled" : members }

    static let all: [SetCase] = {
      var cases: [SetCase] = []
      for flags in ["", #""dynamic""#, #""timeout""#, #""dynamic", "timeout""#] {
        for size in ["", #", "size": 100"#, #", "size": 65535"#] {
          var times = [""]
          if flags.contains("timeout") {
            times += [#", "timeout": 60"#, #", "timeout": "1m500ms", "gc-interval": 10"#]
          }
          for time in times {
            for isFilled in [false, true] {
              cases.append(
                SetCase(members: #""flags": [\#(flags)]\#(size)\#(time)"#, isFilled: isFilled))
            }
          }
        }
      }
      let elements = #""elem": ["10.0.0.1", {"elem": {"val": "10.0.0.2", "comment": "b"}}]"#
      let timed =
        #""elem": [{"elem": {"val": "10.0.0.1", "timeout": 60}}, {"elem": {"val": "10.0.0.2", "timeout": 90}}]"#
      return cases + [
        SetCase(members: #""timeout": 60, \#(timed)"#, isFilled: false),
        SetCase(members: #""timeout": 60, \#(timed)"#, isFilled: true),
        SetCase(members: #""flags": "timeout", \#(timed)"#, isFilled: true),
        SetCase(members: #""flags": "dynamic", \#(elements)"#, isFilled: true),
        SetCase(members: #""policy": "memory", \#(elements)"#, isFilled: false),
        SetCase(members: #""policy": "performance", "size": 7, \#(elements)"#, isFilled: false),
        SetCase(members: #""flags": "constant", \#(elements)"#, isFilled: false),
        SetCase(
          members: #""flags": "interval", "auto-merge": true, \#(elements)"#, isFilled: false),
        SetCase(members: #""stmt": [{"counter": null}], \#(elements)"#, isFilled: true),
        SetCase(
          members: #""stmt": [{"limit": {"rate": 1, "per": "second", "burst": 0}}]"#, isFilled: true
        ),
        SetCase(
          members: #""stmt": [{"limit": {"rate": 1, "rate_unit": "kbytes", "per": "hour"}}]"#,
          isFilled: true),
        SetCase(
          members: #""stmt": [{"quota": {"val": 10, "val_unit": "mbytes"}}]"#, isFilled: true),
        SetCase(
          members:
            #""elem": [{"elem": {"val": "10.0.0.1", "ct count": {"val": 20, "inv": true}}}]"#,
          isFilled: false),
        SetCase(
          members:
            #""elem": [{"elem": {"val": "10.0.0.1", "quota": {"val": 1, "val_unit": "mbytes", "inv": true}}}]"#,
          isFilled: false),
        SetCase(
          members:
            #""elem": [{"elem": {"val": "10.0.0.1", "limit": {"rate": 3, "burst": 5, "per": "second"}}}]"#,
          isFilled: true),
      ]
    }()
  }

  private static func table(_ members: String, rules: [String]) throws -> TableProgram {
    try Oracle.compile([try source(members, rules: rules)])[0]
  }

  private static func source(
    _ members: String, rules: [String], comment: String = ""
  ) throws -> Nftables.Table {
    let rules = rules.map {
      #", {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [\#($0)]}}"#
    }
    let set =
      members.isEmpty
      ? ""
      : #"{"set": {"family": "ip", "table": "t", "name": "s", "type": "ipv4_addr", \#(members)}},"#
    return try Oracle.read(
      #"""
      [{"table": {"family": "ip", "name": "t"\#(comment)}}, \#(set)
       {"chain": {"family": "ip", "table": "t", "name": "c", "type": "filter", "hook": "output", "prio": 0}}
       \#(rules.joined())]
      """#)[0]
  }

  private static let fill =
    #"{"set": {"op": "update", "elem": {"payload": {"protocol": "ip", "field": "daddr"}}, "set": "@s"}}"#

  @Test(arguments: SetCase.all)
  func setIsHeldAsWritten(_ example: SetCase) throws {
    let program = try Self.table(example.members, rules: example.isFilled ? [Self.fill] : [])
    try Namespace.make().run {
      let kernel = try NftablesKernel()
      try kernel.create([program])
      try expectHeldAsWritten(program, kernel)
    }
  }

  /// Whatever else changes in the table, and also when no rule fills the set any more.
  @Test(arguments: [#""timeout": 600"#, #""flags": "dynamic""#, #""size": 10"#])
  func elementsAddedByPacketsStay(_ members: String) throws {
    try Namespace.make().run {
      try sh("ip link set lo up")
      let kernel = try NftablesKernel()
      try kernel.create([try Self.table(members, rules: [Self.fill])])
      try sendDatagram(to: "127.0.0.9")
      #expect(try sh("nft list set ip t s").contains("127.0.0.9"))
      for rules in [
        [Self.fill], [#"{"counter": null}"#, Self.fill], [Self.fill, #"{"accept": null}"#],
        [#"{"accept": null}"#], [], [Self.fill],
      ] {
        let wanted = try Self.table(members, rules: rules)
        let diff = TableDiff(
          family: .ip, table: "t", from: try kernel.observe().tables[0], to: wanted)
        try kernel.apply([diff])
        #expect(try sh("nft list set ip t s").contains("127.0.0.9"), "\(rules)")
        try expectHeldAsWritten(wanted, kernel)
      }
    }
  }

  /// When a set or its table is made anew or deleted; only then are its elements read.
  @Test func lostElementsAreReported() throws {
    let members = #""timeout": 600, "size": 100"#
    let changes: [(wanted: Nftables.Table, isLost: Bool)] = [
      (try Self.source(members, rules: [Self.fill]), false),
      (try Self.source(members, rules: [#"{"accept": null}"#]), false),
      (try Self.source(#""timeout": 600, "size": 101"#, rules: [Self.fill]), true),
      (try Self.source(#""timeout": 60, "size": 100"#, rules: []), true),
      (try Self.source("", rules: []), true),
      (try Self.source(members, rules: [Self.fill], comment: #", "comment": "x""#), true),
    ]
    try Namespace.make().run {
      try sh("ip link set lo up")
      try NftablesKernel().create([try Self.table(members, rules: [Self.fill])])
      for address in ["127.0.0.7", "127.0.0.8", "127.0.0.9"] { try sendDatagram(to: address) }
      for (source, isLost) in changes {
        let wanted = NftablesTable(source)
        let found = try Kernel().observe(tables: Kernel.TableSelection([wanted])).tables[0]
        let program = try Oracle.compile([source])[0]
        let diff = TableDiff(family: .ip, table: "t", from: found.program, to: program)
        let lines = diff.lines(from: found.program, to: program, numbers: LinkNumbers())
        let count = found.program?.sets[0].elements.count ?? 0
        #expect(isLost ? count >= 3 : count == 0)
        let said = lines.filter {
          $0.name == "set s"
            && $0.old?.hasSuffix("\(count) elements that packets put in are lost") == true
        }
        #expect(said.count == (isLost ? 1 : 0), "\(lines)")
      }
    }
  }

  /// As nft 1.0.6 leaves the flags if the rule comes after the set.
  @Test func setFilledWithoutTheFlagIsLeftAlone() throws {
    try Namespace.make().run {
      for command in [
        "add table ip t", "add set ip t s { type ipv4_addr; flags timeout; }",
        "add chain ip t c { type filter hook output priority 0; }",
        "add rule ip t c update @s { ip daddr }", "add element ip t s { 10.0.0.9 timeout 1h }",
      ] {
        try sh("nft -f -", input: command)
      }
      let kernel = try NftablesKernel()
      let program = try Self.table(#""flags": "timeout""#, rules: [Self.fill])
      try expectHeldAsWritten(program, kernel)
    }
  }

  /// nft's own types, each with a value.
  @Test func setsOfEveryTypeAreReadAndWritten() throws {
    let values = [
      "nf_proto": "ipv4", "ipv4_addr": "10.0.0.1", "ipv6_addr": "fe80::1",
      "ether_addr": "00:11:22:33:44:55", "ether_type": "arp", "arp_op": "request",
      "inet_proto": "tcp", "inet_service": "80", "icmp_type": "redirect", "tcp_flag": "syn | ack",
      "mh_type": "home-test", "time": "1h30s500ms", "mark": "0x10",
      "iface_index": "\"lo\"", "iface_type": "ether", "realm": "7", "uid": "0", "gid": "0",
      "ct_state": "established | related", "ct_dir": "original", "ct_status": "snat | dnat",
      "icmpv6_type": "nd-redirect", "pkt_type": "multicast", "icmp_code": "3", "icmpv6_code": "1",
      "icmpx_code": "1", "devgroup": "1", "fib_addrtype": "local",
      "ifname": "\"lo\"", "igmp_type": "leave-group",
    ]
    for (type, value) in values.sorted(by: { $0.key < $1.key }) {
      try Namespace.make().run {
        try sh(
          "nft -f -", input: "table inet t { set s { type \(type); elements = { \(value) }; }; }")
        let kernel = try NftablesKernel()
        let observed = try kernel.observe().tables[0]
        let decompiler = TableDecompiler(
          observed, names: .read(), link: { $0 == "lo" ? 1 : nil },
          linkName: { $0 == 1 ? "lo" : nil })
        let (table, unreadable) = decompiler.table(observed)
        #expect(unreadable == [], "\(type)")
        try expectHeldAsWritten(try Oracle.compile([table])[0], kernel)
      }
    }
  }

  @Test(arguments: [128, 253])
  func commentsMayBeAsLongAsNftTakesThem(_ length: Int) throws {
    let comment = String(repeating: "x", count: length)
    let json = #"""
      [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}},
       {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"accept": null}], "comment": "\#(comment)"}}]
      """#
    let theirs = try Namespace.make().run {
      try sh("nft -j -f -", input: "{\"nftables\": \(json)}")
      return try Oracle.list().debug
    }
    try Namespace.make().run {
      let kernel = try NftablesKernel()
      let program = try Oracle.compile(try Oracle.read(json))[0]
      try kernel.create([program])
      #expect(try Oracle.list().debug == theirs)
      try expectHeldAsWritten(program, kernel)
    }
    #expect(throws: TableCompiler.Faults.self) {
      try Oracle.compile(
        try Oracle.read(json.replacing(comment, with: String(repeating: "x", count: 254))))
    }
  }
}

/// Sends from a port that nobody answers at.
private func sendDatagram(to address: String) throws {
  let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
  defer { close(descriptor) }
  var to = sockaddr_in()
  to.sin_family = sa_family_t(AF_INET)
  to.sin_port = UInt16(9).bigEndian
  inet_pton(AF_INET, address, &to.sin_addr)
  let sent = withUnsafePointer(to: &to) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      sendto(descriptor, "x", 1, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  guard sent == 1 else { throw CommandFailed(description: "sendto: errno \(errno)") }
}
