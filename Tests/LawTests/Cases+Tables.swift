import Model

/// Tables in libnftables' JSON.
let tableCases: [Case] = [
  table(
    "inet, a chain with rules", [chain, hook, rule(#"{ "accept": null }"#), counting, jump],
    [
      // A rule inserted, one removed at the end, another policy.
      [chain, hook, rule(#"{ "accept": null }"#), rule(#"{ "drop": null }"#), counting],
      [chain, hook.replacing("\"accept\"", with: "\"drop\""), counting, jump],
      // Another hook, which takes another chain.
      [chain, hook.replacing("\"input\"", with: "\"output\""), counting],
      [],
    ], says: "tcp dport 22 counter packets 0 bytes 0 drop"),
  table(
    "inet, sets and maps", [set("[1, 2]"), map, chain, lookup],
    [
      [set("[2, 3]"), map, chain, lookup], [set("[1]"), chain],
      [set("[1, 2]", flags: #", "flags": ["interval"]"#), map, chain, lookup],
    ], says: "type mark : mark"),
  table(
    "intervals", [intervals(#"["10.0.0.0/8", "192.0.2.1"]"#)],
    [
      [intervals(#"["10.0.0.0/9", "192.0.2.1", "192.0.2.7"]"#)],
      [intervals(#"["10.0.0.0/8", { "range": ["192.0.2.1", "192.0.2.9"] }]"#)],
    ], says: "10.0.0.0/8"),
  table(
    "objects and flags",
    [#"{ "counter": { \#(place), "name": "seen" } }"#, quota(25_000), chain, counted],
    [[#"{ "counter": { \#(place), "name": "seen" } }"#, quota(50_000), chain, counted], [chain]],
    says: "quota left"),
  table(
    "a table over a link", [chain, byNumber], [[chain]],
    base: ["links": [#"{ "name": "br0", "type": "bridge" }"#]],
    says: "iif \"br0\""),
  table(
    "flowtables", [flowtable(#"["br0", "br1"]"#), forward, flow],
    [
      [flowtable(#""br1""#), forward, flow], [flowtable(#""br1""#, priority: 5), forward, flow],
      [forward],
    ],
    base: ["links": ["br0", "br1"].map { #"{ "name": "\#($0)", "type": "bridge" }"# }],
    says: "flow add @f",
    needs: "nft -c add table inet t { flowtable f { hook ingress priority 0 ; } ; }"),
]

private let forward =
  #"{ "chain": { \#(place), "name": "c", "type": "filter", "hook": "forward", "prio": 0 } }"#
private let flow = rule(#"{ "flow": { "op": "add", "flowtable": "@f" } }"#)

private func flowtable(_ devices: String, priority: Int = 0) -> String {
  #"{ "flowtable": { \#(place), "name": "f", "hook": "ingress", "prio": \#(priority), "dev": \#(devices) } }"#
}

private let place = #""family": "inet", "table": "t""#
private let chain = #"{ "chain": { \#(place), "name": "c" } }"#
private let hook =
  #"{ "chain": { \#(place), "name": "in", "type": "filter", "hook": "input", "prio": 0, "policy": "accept" } }"#
private let counting =
  #"{ "rule": { \#(place), "chain": "c", "expr": [{ "match": { "op": "==", "left": { "payload": { "protocol": "tcp", "field": "dport" } }, "right": 22 } }, { "counter": null }, { "drop": null }] } }"#
private let jump =
  #"{ "rule": { \#(place), "chain": "in", "expr": [{ "jump": { "target": "c" } }] } }"#
private let map =
  #"{ "map": { \#(place), "name": "m", "type": "mark", "map": "mark", "elem": [[1, 6401], [2, 6402]] } }"#
private let lookup =
  #"{ "rule": { \#(place), "chain": "c", "expr": [{ "mangle": { "key": { "meta": { "key": "mark" } }, "value": { "map": { "key": { "meta": { "key": "mark" } }, "data": "@m" } } } }] } }"#
private let counted = #"{ "rule": { \#(place), "chain": "c", "expr": [{ "counter": "seen" }] } }"#
private let byNumber =
  #"{ "rule": { \#(place), "chain": "c", "expr": [{ "match": { "op": "==", "left": { "meta": { "key": "iif" } }, "right": "br0" } }, { "drop": null }] } }"#

private func rule(_ statement: String) -> String {
  #"{ "rule": { \#(place), "chain": "c", "expr": [\#(statement)] } }"#
}

private func set(_ elements: String, flags: String = "") -> String {
  #"{ "set": { \#(place), "name": "s", "type": "mark"\#(flags), "elem": \#(elements) } }"#
}

private func intervals(_ elements: String) -> String {
  let elements = elements.replacing(
    "\"10.0.0.0/8\"", with: #"{ "prefix": { "addr": "10.0.0.0", "len": 8 } }"#
  ).replacing("\"10.0.0.0/9\"", with: #"{ "prefix": { "addr": "10.0.0.0", "len": 9 } }"#)
  return
    #"{ "set": { \#(place), "name": "s", "type": "ipv4_addr", "flags": ["interval"], "elem": \#(elements) } }"#
}

private func quota(_ bytes: Int) -> String {
  #"{ "quota": { \#(place), "name": "left", "bytes": \#(bytes), "used": 0, "inv": true } }"#
}

private func table(
  _ name: String, _ entries: [String], _ changed: [[String]] = [],
  base: [String: [String]] = [:], says output: String, needs: String? = nil
) -> Case {
  func text(_ entries: [String]) -> String {
    ([#"{ "table": { "family": "inet", "name": "t" } }"#] + entries).joined(separator: ", ")
  }
  return Case(
    name: "nftables \(name)", kind: NftablesTable.kind, base: base, section: "nftables",
    object: text(entries), changed: changed.map(text),
    oracle: ("nft list table inet t", output), removal: "nft delete table inet t", needs: needs)
}
