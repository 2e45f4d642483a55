import Kernel
import Netlink
import Nftables
import TestSupport
import Testing

/// What may be part of a key and listed by nft, which exits if it can't read a set's key.
@Suite struct ConcatTests {
  /// Every kind of expression with a value, and as nft prints it.
  private static let fields: [(json: String, value: String, text: String)] = [
    (payload("ip", "daddr"), #""10.0.0.1""#, "ip daddr"),
    (payload("ip", "length"), "1", "ip length"),
    (payload("ip", "dscp"), #""cs1""#, "ip dscp >> 2"), (payload("tcp", "dport"), "1", "tcp dport"),
    (payload("tcp", "flags"), #""syn""#, "tcp flags"),
    (payload("tcp", "sequence"), "1", "tcp sequence"),
    (payload("ether", "saddr"), #""00:11:22:33:44:55""#, "ether saddr"),
    (#"{"payload": {"base": "th", "offset": 0, "len": 32}}"#, "1", "@th,0,32"),
    (meta("mark"), "1", "meta mark"), (meta("iifname"), #""lo""#, "iifname"),
    (meta("length"), "1", "meta length"), (meta("hour"), #""10:00""#, "meta hour"),
    (#"{"ct": {"key": "state"}}"#, #""new""#, "ct state"),
    (#"{"ct": {"key": "zone"}}"#, "1", "ct zone"), (#"{"ct": {"key": "bytes"}}"#, "1", "ct bytes"),
    (#"{"rt": {"key": "mtu"}}"#, "1", "rt mtu"),
    (#"{"socket": {"key": "mark"}}"#, "1", "socket mark"),
    (#"{"fib": {"result": "type", "flags": ["daddr"]}}"#, #""local""#, "fib daddr type"),
    (#"{"numgen": {"mode": "inc", "mod": 4, "offset": 0}}"#, "1", "numgen inc mod 4"),
    (#"{"jhash": {"mod": 4, "expr": \#(payload("ip", "saddr"))}}"#, "1", "jhash ip saddr mod 4"),
    (#"{"symhash": {"mod": 4}}"#, "1", "symhash mod 4"),
    (#"{"tcp option": {"name": "maxseg", "field": "size"}}"#, "1", "tcp option maxseg size"),
    (#"{"ip option": {"name": "rr", "field": "ptr"}}"#, "1", "ip option rr ptr"),
    (#"{"ipsec": {"key": "reqid", "dir": "in"}}"#, "1", "ipsec in reqid"),
    (#"{"&": [\#(meta("mark")), 255]}"#, "1", "meta mark & 0x000000ff"),
  ]

  private static func payload(_ name: String, _ field: String) -> String {
    #"{"payload": {"protocol": "\#(name)", "field": "\#(field)"}}"#
  }
  private static func meta(_ key: String) -> String { #"{"meta": {"key": "\#(key)"}}"# }

  private static func ruleset(_ rules: [String]) -> String {
    let place = #""family": "inet", "table": "t""#
    let entries = rules.map { #"{"rule": {\#(place), "chain": "c", "expr": [\#($0)]}}"# }
    let heads = [
      #"{"table": {"family": "inet", "name": "t"}}"#,
      #"{"map": {\#(place), "name": "m", "type": "ipv4_addr", "map": "mark"}}"#,
      #"{"chain": {\#(place), "name": "c"}}"#,
    ]
    return "[\((heads + entries).joined(separator: ",\n"))]"
  }

  /// After an address and before it, in sets and in maps of both kinds.
  @Test func everyKeyIsListedByNft() throws {
    var rules: [(json: String, text: String)] = []
    for (json, value, text) in Self.fields {
      for isFirst in [false, true] {
        func pair(_ a: String, _ b: String) -> String { isFirst ? "\(b), \(a)" : "\(a), \(b)" }
        let key = #"{"concat": [\#(pair(Self.payload("ip", "saddr"), json))]}"#
        let element = #"{"concat": [\#(pair(#""10.0.0.9""#, value))]}"#
        let name = isFirst ? "\(text) . ip saddr" : "ip saddr . \(text)"
        let map = #"{"map": {"key": \#(key), "data": {"set": [[\#(element), 5]]}}}"#
        rules += [
          (
            #"{"match": {"op": "==", "left": \#(key), "right": {"set": [\#(element)]}}}"#,
            "\(name) {"
          ),
          (
            #"{"vmap": {"key": \#(key), "data": {"set": [[\#(element), {"accept": null}]]}}}"#,
            "\(name) vmap {"
          ),
          (
            #"{"mangle": {"key": \#(Self.meta("mark")), "value": \#(map)}}"#,
            "meta mark set \(name) map {"
          ),
        ]
      }
    }
    let programs = try Oracle.compile(Oracle.read(Self.ruleset(rules.map(\.json))))
    try Namespace.make().run {
      let kernel = try NftablesKernel()
      try kernel.create(programs)
      let listed = try run(["nft", "list", "ruleset"])
      #expect(listed.status == 0 && listed.error.isEmpty, "\(listed.error)")
      for rule in rules { #expect(listed.output.contains(rule.text), "\(rule.text)") }
      let json = try run(["nft", "-j", "list", "ruleset"])
      #expect(json.status == 0 && json.error.isEmpty, "\(json.error)")
      try expectHeldAsWritten(programs[0], kernel)
    }
  }

  /// nft refuses these too, or crashes when it loads or lists them.
  @Test(arguments: [
    #"{"osf": {"key": "name"}}"#, #"{"ct": {"key": "helper"}}"#, #"{"ct": {"key": "label"}}"#,
    #"{"fib": {"result": "oifname", "flags": ["saddr"]}}"#,
    #"{"map": {"key": {"payload": {"protocol": "ip", "field": "saddr"}}, "data": "@m"}}"#,
  ])
  func whatNftCannotListIsRefused(_ field: String) throws {
    let key = #"{"concat": [\#(Self.payload("ip", "saddr")), \#(field)]}"#
    for value in ["1", #""a""#] {
      let element = #"{"concat": ["10.0.0.9", \#(value)]}"#
      for rule in [
        #"{"match": {"op": "==", "left": \#(key), "right": {"set": [\#(element)]}}}"#,
        #"{"vmap": {"key": \#(key), "data": {"set": [[\#(element), {"accept": null}]]}}}"#,
        #"{"meter": {"name": "x", "key": \#(key), "stmt": {"counter": null}}}"#,
      ] {
        #expect(throws: TableCompiler.Faults.self) {
          try Oracle.compile(Oracle.read(Self.ruleset([rule])))
        }
      }
    }
  }
}
