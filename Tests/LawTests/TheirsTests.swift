import Agent
import Model
import Plan
import State
import TestSupport
import Testing

/// Law 8: an object that somebody else made, and that the file states differently.
struct Theirs: Sendable, CustomTestStringConvertible {
  let name: String
  let kind: Kind
  let section: String
  /// The commands that make it: ip(8), bridge(8), nft(8) or ipvsadm(8).
  let made: [String]
  /// The file's version of it.
  let object: String
  /// Where in it `"adopt": true` goes; nil if the kind has no such key.
  let adopted: String?
  let show: String
  /// What is printed once it is changed, and while it isn't.
  let (changed, unchanged): (String, String)
  var needs: String?

  var testDescription: String { name }

  static let all: [Theirs] = [
    Theirs(
      name: "link", kind: Link.kind, section: "links",
      made: ["ip link add x0 type bridge", "ip link set x0 up mtu 1400"],
      object: #"{ "name": "x0", "type": "bridge", "mtu": 1300 }"#,
      adopted: #"{ "name": "x0", "type": "bridge", "mtu": 1300, "adopt": true }"#,
      show: "ip -o link show dev x0", changed: "mtu 1300", unchanged: "mtu 1400"),
    Theirs(
      name: "address", kind: Address.kind, section: "addresses",
      made: ["ip address add 10.0.0.1/24 dev t0 metric 5"],
      object: #"{ "link": "t0", "address": "10.0.0.1/24", "metric": 6 }"#,
      adopted: #"{ "link": "t0", "address": "10.0.0.1/24", "metric": 6, "adopt": true }"#,
      show: "ip -o address show dev t0", changed: "metric 6", unchanged: "metric 5"),
    Theirs(
      name: "address of IPv6", kind: Address.kind, section: "addresses",
      made: ["ip address add fd98::1/64 dev t0 nodad"],
      object: #"{ "link": "t0", "address": "fd98::1/80" }"#, adopted: nil,
      show: "ip -o address show dev t0", changed: "fd98::1/80", unchanged: "fd98::1/64"),
    Theirs(
      name: "address with a peer", kind: Address.kind, section: "addresses",
      made: ["ip address add 10.0.0.1 peer 10.0.0.2/31 dev t0"],
      object: #"{ "link": "t0", "address": "10.0.0.1/32", "peer": "10.0.0.3/31" }"#, adopted: nil,
      show: "ip -o address show dev t0", changed: "peer 10.0.0.3", unchanged: "peer 10.0.0.2/31"),
    Theirs(
      name: "neighbor", kind: Neighbor.kind, section: "neighbors",
      made: ["ip neighbor add 172.16.0.9 lladdr 02:00:00:00:00:99 dev t0"],
      object: #"{ "link": "t0", "address": "172.16.0.9", "mac": "02:00:00:00:00:98" }"#,
      adopted:
        #"{ "link": "t0", "address": "172.16.0.9", "mac": "02:00:00:00:00:98", "adopt": true }"#,
      show: "ip neighbor show dev t0", changed: "02:00:00:00:00:98", unchanged: "02:00:00:00:00:99"),
    Theirs(
      name: "fdb entry", kind: FDBEntry.kind, section: "neighbors",
      made: ["bridge fdb add 02:00:00:00:00:98 dev t2 dst 192.0.2.8"],
      object: #"{ "link": "t2", "mac": "02:00:00:00:00:98", "dst": "192.0.2.9" }"#,
      adopted: #"{ "link": "t2", "mac": "02:00:00:00:00:98", "dst": "192.0.2.9", "adopt": true }"#,
      show: "bridge fdb show dev t2", changed: "dst 192.0.2.9", unchanged: "dst 192.0.2.8"),
    Theirs(
      name: "nexthop", kind: Nexthop.kind, section: "nexthops",
      made: ["ip nexthop add id 7 via 172.16.0.2 dev t0 proto 99"],
      object: #"{ "id": 7, "via": "172.16.0.3", "dev": "t0" }"#,
      adopted: #"{ "id": 7, "via": "172.16.0.3", "dev": "t0", "adopt": true }"#,
      show: "ip nexthop show id 7", changed: "via 172.16.0.3", unchanged: "via 172.16.0.2"),
    Theirs(
      name: "route", kind: Route.kind, section: "routes",
      made: ["ip route add 10.1.0.0/16 via 172.16.0.2 proto dhcp"],
      object: #"{ "dst": "10.1.0.0/16", "via": "172.16.0.3" }"#,
      adopted: #"{ "dst": "10.1.0.0/16", "via": "172.16.0.3", "adopt": true }"#,
      show: "ip route show 10.1.0.0/16", changed: "via 172.16.0.3", unchanged: "via 172.16.0.2"),
    Theirs(
      name: "route by its maker", kind: Route.kind, section: "routes",
      made: ["ip route add 10.1.0.0/16 via 172.16.0.2 proto dhcp"],
      object: #"{ "dst": "10.1.0.0/16", "type": "unreachable" }"#,
      adopted: #"{ "dst": "10.1.0.0/16", "type": "unreachable", "protocol": "dhcp" }"#,
      show: "ip route show 10.1.0.0/16", changed: "unreachable", unchanged: "via 172.16.0.2"),
    Theirs(
      name: "route of IPv6 by a gateway", kind: Route.kind, section: "routes",
      made: ["ip route add 2001:db8::/32 via fd99::2"],
      object: #"{ "dst": "2001:db8::/32", "via": "fd99::3" }"#,
      adopted: #"{ "dst": "2001:db8::/32", "via": "fd99::3", "adopt": true }"#,
      show: "ip -6 route show 2001:db8::/32", changed: "via fd99::3", unchanged: "via fd99::2"),
    Theirs(
      name: "route of IPv6 by a link", kind: Route.kind, section: "routes",
      made: ["ip route add 2001:db8::/32 dev t0 mtu 1300"],
      object: #"{ "dst": "2001:db8::/32", "dev": "t0", "mtu": 1400 }"#,
      adopted: #"{ "dst": "2001:db8::/32", "dev": "t0", "mtu": 1400, "adopt": true }"#,
      show: "ip -6 route show 2001:db8::/32", changed: "mtu 1400", unchanged: "mtu 1300"),
    Theirs(
      name: "rule", kind: Rule.kind, section: "rules",
      made: ["ip rule add lookup 99 priority 999 protocol dhcp"],
      object: #"{ "priority": 999, "family": "inet", "lookup": 99, "protocol": "boot" }"#,
      adopted: nil, show: "ip -d rule show priority 999", changed: "proto boot",
      unchanged: "proto dhcp"),
    Theirs(
      name: "ipvs synchronisation", kind: IPVSDaemon.kind, section: "ipvs/sync",
      made: ["ipvsadm --start-daemon backup --mcast-interface t0 --syncid 9"],
      object: #""backup": { "link": "t0", "id": 3 }"#, adopted: nil, show: "ipvsadm -Ln --daemon",
      changed: "syncid=3", unchanged: "syncid=9", needs: "ipvsadm -Ln"),
  ]

  func file(_ object: String) throws -> NetworkState {
    var sections = ["links": ["t0", "t2"].map { #"{ "name": "\#($0)", "managed": false }"# }]
    sections[section, default: []].append(object)
    return try decode(sections)
  }
}

@Suite struct TheirsTests {
  private func links() throws {
    for line in [
      "ip link add t0 type bridge", "ip link set t0 up",
      "ip link add t2 type vxlan id 9 dstport 4789 remote 192.0.2.1", "ip link set t2 up",
      "ip address add fd99::1/64 dev t0 nodad", "ip address add 172.16.0.1/24 dev t0",
    ] { try sh(line) }
  }

  private func make(_ theirs: Theirs) throws {
    try links()
    for line in theirs.made { try sh(line) }
    // Whatever the kernel adds later would look like somebody's change.
    #expect(try linksAreReady(["t0", "t2"]))
    #expect(try localRoutesAreMade())
  }

  /// Except kinds that nobody makes, or whose maker the kernel doesn't tell: an IPVS service is
  /// ours by its address.
  @Test func everyKindHasACase() {
    let makerless: Set<Kind> = [Sysctl.kind, IPVSService.kind, IPVSTimeout.kind]
    let kinds = Set(Theirs.all.map(\.kind)).union(
      [NftablesTable.kind, WireGuard.kind])  // TheirTableTests, testbeds/wireguard
    #expect(kinds.union(makerless) == Set(Kind.all))
  }

  @Test(arguments: Theirs.all)
  func whatSomebodyElseMadeStays(_ theirs: Theirs) throws {
    try inNamespace { directory in
      if let needs = theirs.needs, (try? sh(needs)) == nil { try Test.cancel("no \(needs)") }
      try make(theirs)
      let before = try snapshot()
      let reconciler = try Reconciler(runDirectory: directory)
      let desired = try theirs.file(theirs.object)
      let planned = try reconciler.plan(to: desired)
      #expect(planned.steps.isEmpty)
      #expect(planned.conflicts.count == 1)
      let outcome = try reconciler.reach(desired)
      #expect(outcome.complaints.contains("there is one that "), "\(outcome.complaints)")
      #expect(try lines(snapshot()) == lines(before))
      #expect(try sh(theirs.show).contains(theirs.unchanged))
      try reconciler.reach(NetworkState())
      #expect(try lines(snapshot()) == lines(before))
    }
  }

  @Test(arguments: Theirs.all.filter { $0.adopted != nil })
  func whatIsAdoptedIsChangedAndStaysTheirs(_ theirs: Theirs) throws {
    try inNamespace { directory in
      try make(theirs)
      let before = try snapshot()
      let reconciler = try Reconciler(runDirectory: directory)
      let desired = try theirs.file(theirs.adopted!)
      let present = try reconciler.observe(for: desired)
      let planned = Plan(from: present, to: desired)
      let undo = Undo(of: planned, from: present)
      let outcome = try reconciler.reach(desired)
      #expect(outcome.complaints == "")
      #expect(try sh(theirs.show).contains(theirs.changed))
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
      #expect(try reconciler.observe().own == NetworkState())
      let adopted = try snapshot()
      try reconciler.reach(NetworkState())
      #expect(try snapshot() == adopted)
      let undone = try reconciler.reconcile { undo.plan(from: try reconciler.observe()) }
      #expect(undone.complaints == "")
      let after = try lines(snapshot())
      #expect(after == lines(before))
    }
  }

  /// Learnt entries come and go by themselves; a stated entry replaces one.
  @Test func learntEntriesAreNobodys() throws {
    try inNamespace { directory in
      try links()
      try sh("ip neighbor add 172.16.0.9 lladdr 02:00:00:00:00:99 dev t0 nud reachable")
      let reconciler = try Reconciler(runDirectory: directory)
      #expect(try reconciler.observe().neighbors.isEmpty)
      let theirs = try #require(Theirs.all.first { $0.kind == Neighbor.kind })
      let outcome = try reconciler.reach(theirs.file(theirs.object))
      #expect(outcome.complaints == "")
      #expect(try sh(theirs.show).contains("\(theirs.changed) PERMANENT"))
    }
  }

  /// It doesn't have our mark, and yet it is ours to undo.
  @Test func anObjectMadeWithAnothersProtocolIsUndone() throws {
    try inNamespace { directory in
      try links()
      let before = try lines(snapshot())
      let desired = try decode([
        "links": [#"{ "name": "t0", "managed": false }"#],
        "routes": [#"{ "dst": "10.1.0.0/16", "via": "172.16.0.2", "protocol": "dhcp" }"#],
        "rules": [#"{ "priority": 999, "family": "inet", "lookup": 99, "protocol": "boot" }"#],
      ])
      let reconciler = try Reconciler(runDirectory: directory)
      let present = try reconciler.observe(for: desired)
      let plan = Plan(from: present, to: desired)
      let undo = Undo(of: plan, from: present)
      #expect(try reconciler.carryOut(plan).done.count == 2)
      #expect(try reconciler.observe().own == NetworkState())
      let undone = try reconciler.reconcile { undo.plan(from: try reconciler.observe()) }
      #expect(undone.complaints == "")
      let after = try lines(snapshot())
      #expect(after == before)
    }
  }

  /// The kernel makes its local IPv6 routes a moment after the address.
  private func lines(_ text: String) -> [Substring] {
    text.split(separator: "\n").filter { !$0.contains("local fd99::1") }
  }
}
