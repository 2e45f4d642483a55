import Agent
import JSON
import Kernel
import Model
import Plan
import State
import TestSupport
import Testing

/// The design's laws, stated once and tested for every kind.
@Suite struct LawTests {
  @Test func everyKindHasACase() {
    #expect(Set(allCases.map(\.kind)) == Set(Kind.all))
  }

  @Test func everyTypeOfLinkHasACase() throws {
    let types = try allCases.filter { $0.kind == Link.kind }.map {
      try $0.file($0.object).links.last?.device?.type
    }
    #expect(Set(types.compactMap { $0 }) == Set(Device.types))
  }

  // MARK: - 1. Create, observe: equal to what was written. Update lands. Delete leaves nothing.

  @Test(arguments: cases)
  func createdIsObservedAsWritten(_ law: Case) throws {
    try inNamespace { directory in
      try law.requireKernel()
      let desired = try law.file(law.object)
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      for object in desired.objects {
        #expect(try observed(directory, desired).fulfils(object), "\(object)")
      }
      #expect(try sh(law.oracle.command).contains(law.oracle.output))
    }
  }

  @Test(arguments: cases)
  func updateLands(_ law: Case) throws {
    try inNamespace { directory in
      try law.requireKernel()
      for version in [law.object] + law.changed + law.changed.reversed() + [law.object] {
        let desired = try law.file(version)
        let outcome = try Reconciler(runDirectory: directory).reach(desired)
        #expect(outcome.complaints == "", "\(version)")
        for object in desired.objects {
          #expect(try observed(directory, desired).fulfils(object), "\(version): \(object)")
        }
        #expect(try plan(directory, desired) == Plan.steadyState + "\n", "\(version)")
      }
      #expect(try sh(law.oracle.command).contains(law.oracle.output))
    }
  }

  @Test(arguments: cases)
  func deleteLeavesNothing(_ law: Case) throws {
    try inNamespace { directory in
      try law.requireKernel()
      let before = try snapshot()
      try Reconciler(runDirectory: directory).reach(law.file(law.object))
      let outcome = try Reconciler(runDirectory: directory).reach(NetworkState())
      #expect(outcome.complaints == "")
      #expect(try snapshot() == before)
      #expect(try Reconciler(runDirectory: directory).observe().own == NetworkState())
    }
  }

  // MARK: - 2. Apply, then plan: empty. `show`, then plan of it: empty.

  @Test(arguments: cases)
  func appliedTwiceSendsNothing(_ law: Case) throws {
    try inNamespace { directory in
      try law.requireKernel()
      let desired = try law.file(law.object)
      try Reconciler(runDirectory: directory).reach(desired)
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
      let again = try Reconciler(runDirectory: directory).reach(desired)
      #expect(again.done.isEmpty)
    }
  }

  @Test(arguments: cases, [false, true])
  func planOfWhatIsShownIsEmpty(_ law: Case, all: Bool) throws {
    try inNamespace { directory in
      try law.requireKernel()
      try Reconciler(runDirectory: directory).reach(law.file(law.object))
      let observed = try Reconciler(runDirectory: directory).observe(tables: all ? .all : nil)
      let text = StateFile.encode(all ? observed.everything : observed.own).text()
      let shown = try StateFile.decode(Array(text.utf8)).expanded()
      #expect(try plan(directory, shown) == Plan.steadyState + "\n", "\(text)")
    }
  }

  // MARK: - 5. One object removed by hand: exactly that object comes back.

  @Test(arguments: cases)
  func removedByHandComesBackAlone(_ law: Case) throws {
    try inNamespace { directory in
      try law.requireKernel()
      let desired = try law.file(law.object)
      try Reconciler(runDirectory: directory).reach(desired)
      try sh(law.removal)
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      let rest = try law.file(nil)
      let restored = desired.objects.map(\.id).filter { !rest.contains($0) }
      #expect(outcome.done.map(\.change.object.id) == restored)
      #expect(try sh(law.oracle.command).contains(law.oracle.output))
    }
  }

  // MARK: - 6. Foreign objects survive everything.

  @Test(arguments: cases)
  func foreignObjectsSurvive(_ law: Case) throws {
    try inNamespace { directory in
      try law.requireKernel()
      try makeForeignObjects()
      let before = try snapshot()
      for version in [law.object] + law.changed {
        try Reconciler(runDirectory: directory).reach(law.file(version))
      }
      try Reconciler(runDirectory: directory).reach(NetworkState())
      #expect(try snapshot() == before)
    }
  }

  private func makeForeignObjects() throws {
    for line in [
      "ip link add f0 type bridge", "ip link set f0 up alias theirs", "ip link add f1 type ifb",
      "ip link set f1 master f0 up", "ip address add 172.16.0.1/24 dev f0",
      "ip address add 172.16.0.2/24 dev f0", "ip address add fd99::1/64 dev f0 nodad",
      "ip neighbor add 172.16.0.9 lladdr 02:00:00:00:00:99 dev f0",
      "ip neighbor add proxy 172.16.0.10 dev f0",
      "ip nexthop add id 1 via 172.16.0.3 dev f0", "ip nexthop add id 2 group 1",
      "ip route add 172.17.0.0/16 via 172.16.0.3", "ip route add 172.18.0.0/16 nhid 2",
      "ip route add unreachable 172.19.0.0/16 table 57",
      "ip route add 2001:db8:99::/48 via fd99::2",
      "ip rule add fwmark 0x99 lookup 99 priority 999",
      "ip -6 rule add iif f0 lookup 99 priority 999",
      "ip link add f2 type vxlan id 99 dstport 4789 remote 172.16.0.3",
      "bridge fdb append 00:00:00:00:00:00 dev f2 dst 172.16.0.4",
      "bridge fdb add 02:00:00:00:00:98 dev f2 dst 172.16.0.5", "nft add table inet theirs",
      "nft add set inet theirs s { type ipv4_addr; elements = { 172.16.0.1 }; }",
      "nft add chain inet theirs c { type filter hook input priority 0; }",
      "nft add rule inet theirs c ip saddr @s counter",
    ] { try sh(line) }
    guard (try? sh("ipvsadm -Ln")) != nil else { return }
    for line in [
      "-A -t 172.16.0.1:80 -s rr", "-a -t 172.16.0.1:80 -r 172.16.0.9 -i -w 7",
      "-A -f 9 -6 -s wlc -p 90", "-A -u [fd99::1]:53 -s mh",
      "-a -u [fd99::1]:53 -r [fd99::9]:5353 -m",
      "--start-daemon backup --mcast-interface f0 --syncid 9",
    ] { try sh("ipvsadm \(line)") }
  }
}

/// What every law asks of a reconciler.
extension Reconciler {
  @discardableResult
  func reach(_ desired: NetworkState) throws -> Outcome {
    try reconcile { try plan(to: desired) }
  }
}

func observed(_ directory: String, _ desired: NetworkState) throws -> NetworkState {
  try Reconciler(runDirectory: directory).observe(for: desired)
}

func plan(_ directory: String, _ desired: NetworkState) throws -> String {
  try Reconciler(runDirectory: directory).plan(to: desired).text()
}
