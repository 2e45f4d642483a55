import Netlink
import Nftables
import TestSupport
import Testing

/// Types are compared as nft's evaluation compares them: nft itself is the oracle.
@Suite struct TypeTests {
  /// What a packet holds, in JSON, by nft's name of its type.
  private static let expressions: [(type: String, json: String)] = [
    ("ipv4_addr", payload("ip", "saddr")), ("ipv6_addr", payload("ip6", "saddr")),
    ("ether_addr", payload("ether", "saddr")), ("inet_service", payload("tcp", "dport")),
    ("inet_proto", meta("l4proto")), ("mark", meta("mark")), ("ifname", meta("iifname")),
    ("iface_index", meta("iif")), ("ct_state", #"{"ct": {"key": "state"}}"#),
    ("icmp_type", payload("icmp", "type")), ("dscp", payload("ip", "dscp")),
    ("uid", meta("skuid")), ("mark", #"{"&": [\#(meta("mark")), 255]}"#),
    ("mark", #"{">>": [\#(meta("mark")), 8]}"#), ("integer", payload("ip", "length")),
    ("integer", #"{"numgen": {"mode": "inc", "mod": 2, "offset": 0}}"#),
    ("string", #"{"fib": {"result": "oifname", "flags": ["saddr"]}}"#),
    ("ipv4_addr . inet_service", concat(payload("ip", "saddr"), payload("tcp", "dport"))),
    ("inet_service . ipv4_addr", concat(payload("tcp", "dport"), payload("ip", "saddr"))),
    ("ipv4_addr . integer", concat(payload("ip", "saddr"), payload("ip", "length"))),
  ]

  /// Types of sets.
  private static let types = [
    "ipv4_addr", "ipv6_addr", "ether_addr", "inet_service", "inet_proto", "mark", "ifname",
    "iface_index", "ct_state", "icmp_type", "dscp", "uid", "ipv4_addr . inet_service",
    "inet_service . ipv4_addr", "ipv4_addr . inet_service . mark",
  ]

  private static func payload(_ name: String, _ field: String) -> String {
    #"{"payload": {"protocol": "\#(name)", "field": "\#(field)"}}"#
  }
  private static func meta(_ key: String) -> String { #"{"meta": {"key": "\#(key)"}}"# }
  private static func concat(_ parts: String...) -> String {
    #"{"concat": [\#(parts.joined(separator: ", "))]}"#
  }

  /// How an expression meets a set: `KEY` and `TYPE` stand for them.
  private static let users = [
    #"{"match": {"op": "==", "left": KEY, "right": "@s"}}"#,
    #"{"vmap": {"key": KEY, "data": "@v"}}"#,
    #"{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"map": {"key": KEY, "data": "@m"}}}}"#,
    #"{"counter": {"map": {"key": KEY, "data": "@o"}}}"#,
    #"{"set": {"op": "update", "elem": KEY, "set": "@s"}}"#,
  ]

  /// Every pair that has the set's type, and every nineteenth of the others, in each way: all of
  /// them would take nft a minute.
  @Test(arguments: users.indices)
  func setsTakeKeysOfTheirType(_ index: Int) throws {
    let user = Self.users[index]
    var cases: [(String, String)] = []
    var pair = index * 4
    for (own, key) in Self.expressions {
      for type in Self.types {
        pair += 1
        guard type == own || pair % 19 == 0 else { continue }
        let fields = type.split(separator: " . ").map { "\"\($0)\"" }
        let names = fields.count == 1 ? fields[0] : "[\(fields.joined(separator: ", "))]"
        let head = #""family": "inet", "table": "t", "type": \#(names), "name": "#
        let size = user.contains("update") ? #", "size": 9"# : ""
        var set = #"{"set": {\#(head)"s"\#(size)}}"#
        if user.contains("@v") { set = #"{"map": {\#(head)"v", "map": "verdict"}}"# }
        if user.contains("@m") { set = #"{"map": {\#(head)"m", "map": "mark"}}"# }
        if user.contains("@o") { set = #"{"map": {\#(head)"o", "map": "counter"}}"# }
        cases.append((set, user.replacing("KEY", with: key)))
      }
    }
    try agree(cases)
  }

  @Test func statementsTakeValuesOfTheirType() throws {
    let targets = [
      Self.meta("mark"), #"{"ct": {"key": "mark"}}"#, Self.payload("ip", "saddr"),
      Self.payload("tcp", "dport"), Self.payload("ip", "length"), Self.payload("ether", "saddr"),
      #"{"payload": {"base": "th", "offset": 0, "len": 32}}"#,
    ]
    // Only nft's JSON reader refuses these there.
    let values = Self.expressions.filter { !$0.json.contains("fib") }
    try agree(
      targets.flatMap { target in
        values.map { ("", #"{"mangle": {"key": \#(target), "value": \#($0.json)}}"#) }
      })
  }

  /// A field, and constants that have its type's range and form or don't.
  private static let constants: [(key: String, type: String, values: [String])] = [
    (
      payload("ip", "saddr"), "ipv4_addr",
      [#""10.0.0.1""#, "5", "true", #"["10.0.0.1", "10.0.0.2"]"#]
    ),
    (
      payload("ip6", "saddr"), "ipv6_addr", [#""::1""#, "5", #"{"prefix": {"addr": 5, "len": 8}}"#]
    ),
    (payload("ether", "saddr"), "ether_addr", [#""00:11:22:33:44:55""#, "10", "300"]),
    (meta("iifname"), "ifname", [#""lo""#, #""""#, #"{"range": ["a", "b"]}"#, #"["a", "b"]"#]),
    (meta("mark"), "mark", [#""0x5""#, "4294967296", "true", "[1, 2]"]),
    (meta("l4proto"), "inet_proto", [#""tcp""#, "true", "300"]),
    (meta("skuid"), "uid", ["5", #""0x5""#]),
    (meta("hour"), "hour", [#""10:00""#, #""0x5""#]),
    (meta("day"), "day", ["6", "7"]),
    (payload("tcp", "flags"), "tcp_flag", [#""syn""#, "true", "256"]),
    (payload("ip", "dscp"), "dscp", ["5", "64", #"{"prefix": {"addr": 5, "len": 8}}"#]),
    (#"{"numgen": {"mode": "inc", "mod": 4, "offset": 2}}"#, "", ["5", "6"]),
    (#"{"symhash": {"mod": 4}}"#, "", ["3", "4"]),
    (#"{"socket": {"key": "transparent"}}"#, "", ["1", "2"]),
    (#"{"ct": {"key": "proto-dst", "dir": "original"}}"#, "", ["5"]),
    (#"{"fib": {"result": "oifname", "flags": ["saddr"]}}"#, "", [#""""#, #""lo""#]),
  ]

  /// Where a constant is; of named sets only those whose type has a name, where nft takes true for
  /// 1.
  enum ConstantPlace: CaseIterable {
    case match, anonymousSet, anonymousMap, element, interval, mapped
  }

  @Test(arguments: ConstantPlace.allCases)
  func constantsFitTheirType(_ place: ConstantPlace) throws {
    var cases: [(String, String)] = []
    for (key, type, values) in Self.constants {
      for value in values {
        let isList = value.hasPrefix("[")
        func named(_ kind: String, _ rest: String) -> (String, String) {
          (
            #"{"\#(kind)": {"family": "inet", "table": "t", "name": "s", \#(rest)}}"#,
            #"{"counter": null}"#
          )
        }
        switch place {
        case .match:
          cases.append(("", #"{"match": {"op": "==", "left": \#(key), "right": \#(value)}}"#))
        case .anonymousSet where !isList:
          cases.append(
            ("", #"{"match": {"op": "==", "left": \#(key), "right": {"set": [\#(value)]}}}"#))
        case .anonymousMap where value != "true" && !key.contains("socket"):
          // nft 1.0.6 doesn't check the type of true there, and its JSON has no socket.
          let data = #"{"set": [[\#(value), {"accept": null}]]}"#
          cases.append(("", #"{"vmap": {"key": \#(key), "data": \#(data)}}"#))
        case .element where !type.isEmpty && !isList && value != "true":
          cases.append(named("set", #""type": "\#(type)", "elem": [\#(value)]"#))
        case .interval where !type.isEmpty && !isList && value != "true":
          cases.append(
            named("set", #""type": "\#(type)", "flags": ["interval"], "elem": [\#(value)]"#))
        case .mapped where !type.isEmpty && value != #"["syn"]"#:
          cases.append(
            named("map", #""type": "mark", "map": "\#(type)", "elem": [[1, \#(value)]]"#))
        default: break
        }
      }
    }
    try agree(cases)
  }

  @Test func formsFitWhatTheyStandBeside() throws {
    func set(_ rest: String) -> (String, String) {
      (
        #"{"set": {"family": "inet", "table": "t", "name": "s", \#(rest)}}"#,
        #"{"counter": null}"#
      )
    }
    func match(_ left: String, _ op: String, _ right: String) -> (String, String) {
      ("", #"{"match": {"op": "\#(op)", "left": \#(left), "right": \#(right)}}"#)
    }
    func mangle(_ key: String, _ value: String) -> (String, String) {
      ("", #"{"mangle": {"key": \#(key), "value": \#(value)}}"#)
    }
    let pair = Self.concat(Self.payload("ip", "saddr"), Self.payload("tcp", "dport"))
    let event = #"{"ct": {"key": "event"}}"#
    try agree([
      match(Self.meta("iifname"), "==", #""lo*""#), match(Self.meta("iifname"), "<", #""lo*""#),
      match(pair, "==", #"{"concat": ["10.0.0.1", 80]}"#),
      match(pair, "==", #"{"set": [{"concat": ["10.0.0.1", 80]}]}"#),
      match(
        Self.concat(Self.meta("iifname"), Self.payload("tcp", "dport")), "==",
        #"{"set": ["lo*"]}"#),
      set(#""type": "ifname", "elem": ["lo*"]"#),
      set(#""type": "ifname", "flags": ["interval"], "elem": ["lo*"]"#),
      set(#""type": ["ifname", "inet_service"], "flags": ["interval"], "elem": ["lo*"]"#),
      set(#""type": "ct_label""#), set(#""type": "ct_event""#),
      mangle(event, #"["new", "destroy"]"#), mangle(event, Self.payload("tcp", "sequence")),
      mangle(#"{"ct": {"key": "secmark"}}"#, "5"),
      mangle(#"{"ct": {"key": "secmark"}}"#, Self.meta("secmark")),
      mangle(Self.meta("mark"), #"{"fib": {"result": "oif", "flags": ["saddr"]}}"#),
    ])
  }

  /// nft doesn't check these: they fail in the kernel.
  @Test(arguments: [
    #"{"set": {"family": "inet", "table": "t", "name": "s", "type": "mark", "flags": ["constant", "timeout"]}}"#,
    #"{"set": {"family": "inet", "table": "t", "name": "s", "type": "mark", "timeout": 9, "flags": ["dynamic", "timeout"], "stmt": [{"ct count": {"val": 3}}]}}"#,
    #"{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"meter": {"name": "m", "key": {"elem": {"val": {"meta": {"key": "mark"}}, "timeout": 9}}, "stmt": {"ct count": {"val": 3}}}}]}}"#,
    #"{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"match": {"op": "==", "left": {"fib": {"result": "oifname", "flags": ["saddr"]}}, "right": true}}]}}"#,
  ])
  func whatTheKernelRefusesIsRefusedBefore(_ entry: String) throws {
    let text = #"""
      {"nftables": [{"table": {"family": "inet", "name": "t"}},
        {"chain": {"family": "inet", "table": "t", "name": "c"}}, \#(entry)]}
      """#
    #expect(throws: TableCompiler.Faults.self) { try Oracle.compile(Oracle.read(text)) }
    let theirs = try Namespace.make().run {
      try run(["nft", "-j", "-f", "-"], input: text.replacing(#""dynamic", "#, with: ""))
    }
    #expect(theirs.error.contains("Could not process rule"))
  }

  /// Each case is a set and a statement, about which nft and we must agree.
  private func agree(_ cases: [(set: String, statement: String)]) throws {
    let namespace = try Namespace.make()
    var refused = 0
    for (set, statement) in cases {
      let place = #""family": "inet", "table": "t""#
      let entries = [
        #"{"table": {"family": "inet", "name": "t"}}"#, set,
        #"{"chain": {\#(place), "name": "c"}}"#,
        #"{"rule": {\#(place), "chain": "c", "expr": [\#(statement)]}}"#,
      ].filter { !$0.isEmpty }
      let text = #"{"nftables": [\#(entries.joined(separator: ", "))]}"#
      let theirs = try namespace.run { try run(["nft", "-j", "-c", "-f", "-"], input: text) }
      // What this kernel lacks is no question of types; nor are registers that nothing was written
      // to.
      let isTaken =
        theirs.status == 0
        || theirs.error.contains("Could not process rule")
          && !theirs.error.contains("No data available")
      var ours = ""
      do { _ = try Oracle.compile(Oracle.read(text)) } catch { ours = "\(error)" }
      #expect(isTaken == ours.isEmpty, "\(text): nft: \(theirs.error), ours: \(ours)")
      if !isTaken { refused += 1 }
    }
    #expect(refused > 0 && refused < cases.count)
  }

  @Test func aMismatchIsSaidInTermsOfTypes() throws {
    let text = """
      [{"table": {"family": "inet", "name": "t"}},
       {"set": {"family": "inet", "table": "t", "name": "bad4", "type": "ipv4_addr"}},
       {"chain": {"family": "inet", "table": "t", "name": "c"}},
       {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [
         {"match": {"op": "==", "left": \(Self.payload("ip6", "saddr")), "right": "@bad4"}}]}}]
      """
    let error = #expect(throws: (any Error).self) { try Oracle.compile(Oracle.read(text)) }
    #expect(
      error.map { "\($0)" }
        == "table inet t, chain c, rule 1: datatype mismatch: "
        + "the keys of @bad4 are ipv4_addr, and what is looked up is ipv6_addr")
  }
}
