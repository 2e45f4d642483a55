import Agent
import JSON
import Model
import Plan
import State
import TestSupport
import Testing

/// What the laws don't cover and is IPVS's alone. ipvsadm is the oracle.
@Suite struct IPVSTests {
  private static func requireIPVS() throws {
    if (try? sh("ipvsadm -Ln")) == nil { try Test.cancel("this kernel has no IPVS") }
  }

  private func file(_ services: String...) throws -> NetworkState {
    try decode(["ipvs/services": services])
  }

  private func destinations(_ numbers: [Int]) -> String {
    "[" + numbers.map { #"{ "address": "10.0.0.\#($0)" }"# }.joined(separator: ",") + "]"
  }

  private func web(_ numbers: [Int], scheduler: String = "mh") -> String {
    #"{ "address": "192.0.2.1", "port": 80, "protocol": "tcp", "scheduler": "\#(scheduler)", "destinations": \#(destinations(numbers)) }"#
  }

  /// The kernel's order, in which the last one added comes first.
  private func walk() throws -> [Substring] {
    try sh("ipvsadm -Ln --nosort").split(separator: "\n").filter { $0.contains("->") }.dropFirst()
      .map { $0.split(separator: " ")[1] }
  }

  @Test(arguments: IPVSService.schedulers)
  func everySchedulerWithItsFlagsIsAsIPVSAdmShowsIt(_ scheduler: String) throws {
    try inNamespace { directory in
      try Self.requireIPVS()
      if scheduler != "none", (try? sh("modprobe ip_vs_\(scheduler)")) == nil {
        try Test.cancel("this kernel has no ip_vs_\(scheduler)")
      }
      let isNamed = ["sh", "mh"].contains(scheduler)
      // ipvsadm doesn't show the third flag of schedulers that name the other two.
      let flags =
        isNamed
        ? ["\(scheduler)-fallback", "\(scheduler)-port"] : ["flag-1", "flag-2", "flag-3"]
      var services: [String] = []
      var said = ""
      for bits in 0..<(1 << flags.count) {
        let chosen = flags.indices.filter { bits >> $0 & 1 == 1 }.map { flags[$0] }
        let list = chosen.map { "\"\($0)\"" }.joined(separator: ", ")
        services.append(
          #"{ "mark": "0x\#(bits + 1)", "family": "inet6", "scheduler": "\#(scheduler)", "flags": [\#(list)], "destinations": [ { "address": "fd00::1", "weight": 2 }, { "address": "fd00::2" } ] }"#
        )
        said += "-A -f \(bits + 1) -6 -s \(scheduler)"
        said += chosen.isEmpty ? "\n" : " -b \(chosen.joined(separator: ","))\n"
        said += "-a -f \(bits + 1) -6 -r [fd00::1]:0 -m -w 2\n"
        said += "-a -f \(bits + 1) -6 -r [fd00::2]:0 -m -w 1\n"
      }
      let desired = try decode(["ipvs/services": services])
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(outcome.complaints == "")
      #expect(try plan(directory, desired) == Plan.steadyState + "\n")
      #expect(try sh("ipvsadm -Sn") == said)
    }
  }

  @Test func servicesMadeByIPVSAdmAreShownAndRecreated() throws {
    let rules = """
      -A -t 192.0.2.1:0 -s wlc -p 360
      -a -t 192.0.2.1:0 -r 10.0.0.1:0 -g -w 5
      -A -u 192.0.2.1:53 -s rr -o
      -a -u 192.0.2.1:53 -r 10.0.0.9:5353 -m -w 1 -x 4 -y 3
      -a -u 192.0.2.1:53 -r 10.0.0.2:53 -i -w 0 --tun-type gue --tun-port 6080 --tun-remcsum
      -A -t [2001:db8::1]:80 -s mh -b mh-fallback,mh-port
      -a -t [2001:db8::1]:80 -r [fd00::1]:8080 -m -w 1
      -a -t [2001:db8::1]:80 -r 10.0.0.1:80 -i -w 1 --tun-type gre --tun-csum
      -A -f 7 -s sh -p 60 -M 255.255.0.0 -b sh-port
      -A --sctp-service 192.0.2.1:99 -s lblcr

      """
    try inNamespace { directory in
      try Self.requireIPVS()
      // Loaded by IPVS itself, the module holds IPVS's lock and waits for the end of namespaces,
      // which waits for that lock: Linux 6.1 hangs for ever if another test's namespace ends just
      // then.
      try sh("modprobe ip_vs_lblcr")
      try sh("ipvsadm -R", input: rules)
      let lists = [
        "ipvsadm -Sn", "ipvsadm -Ln", "ipvsadm -Ln --thresholds",
        "ipvsadm --list --numeric --exact --stats",
      ]
      let before = try lists.map { try sh($0) }
      let shown = try Reconciler(runDirectory: directory).observe().everything
      #expect(shown.ipvsServices.count == 5)
      let text = StateFile.encode(shown).text()
      #expect(
        try plan(directory, StateFile.decode(Array(text.utf8)).expanded())
          == Plan.steadyState + "\n")
      try sh("ipvsadm -C")
      let ours = text.replacing(#""adopt": true"#, with: #""adopt": false"#)
      let outcome = try Reconciler(runDirectory: directory).reach(
        StateFile.decode(Array(ours.utf8)).expanded())
      #expect(outcome.complaints == "")
      #expect(try lists.map { try sh($0) } == before)
    }
  }

  @Test(arguments: ["sh", "mh", "dh"])
  func orderOfDestinationsIsTheSameWhateverCameFirst(_ scheduler: String) throws {
    try inNamespace { directory in
      try Self.requireIPVS()
      let all = try file(web([1, 2, 3, 4], scheduler: scheduler))
      let canonical = ["10.0.0.4:80", "10.0.0.3:80", "10.0.0.2:80", "10.0.0.1:80"]
      for first in [[4, 2], [3], [1, 4], [2, 3, 4]] {
        for desired in try [file(web(first, scheduler: scheduler)), all] {
          let outcome = try Reconciler(runDirectory: directory).reach(desired)
          #expect(outcome.complaints == "", "\(first)")
        }
        let order = try walk().map(String.init)
        #expect(order == canonical, "\(first)")
      }
      // Somebody removed one and put it back, as keepalived does.
      try sh("ipvsadm -d -t 192.0.2.1:80 -r 10.0.0.2")
      try sh("ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.2 -m")
      #expect(
        try plan(directory, all) == """
          ~ ipvs tcp 192.0.2.1:80
              order of destinations: as they were added -> by address

          1 to change.

          """)
      try sh("sysctl -w net.ipv4.vs.expire_nodest_conn=1")
      let outcome = try Reconciler(runDirectory: directory).reach(all)
      #expect(outcome.complaints == "")
      let order = try walk().map(String.init)
      #expect(order == canonical)
      #expect(
        try sh("sysctl net.ipv4.vs.expire_nodest_conn").contains("= 1"),
        "the setting that guards the moving is as it was")
    }
  }

  @Test func fiveHundredClientsFindTheirServersWhateverCameUpFirst() throws {
    let clients = """
      import socket
      for n in range(500):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.bind((f"10.9.{n // 250}.{n % 250 + 1}", 4000))
        client.sendto(b"", ("192.0.2.1", 80))
      """
    var tables: [[String]] = []
    for first in [[3, 1], [2], [1, 2, 3, 4]] {
      try inNamespace { directory in
        try Self.requireIPVS()
        try sh("ip address add 192.0.2.1/32 dev lo")
        try sh("ip route add local 10.9.0.0/16 dev lo")
        try sh("ip link add d0 up type dummy")
        try sh("ip address add 10.0.0.254/24 dev d0")
        for up in [first, [1, 2, 3, 4]] {
          let service = web(up).replacing("tcp", with: "udp")
          try Reconciler(runDirectory: directory).reach(file(service))
        }
        try sh("/usr/bin/python3 -", input: clients)
        // UDP 04:59 UDP 10.9.0.1:4000 192.0.2.1:80 10.0.0.3:80
        tables.append(
          try sh("ipvsadm -Lnc").split(separator: "\n").filter { $0.hasPrefix("UDP") }
            .map { line in
              let fields = line.split(separator: " ")
              return "\(fields[3]) \(fields[5])"
            }.sorted())
      }
    }
    #expect(tables.allSatisfy { $0.count == 500 && $0 == tables[0] })
    #expect(Set(tables[0].map { $0.split(separator: " ")[1] }).count == 4)
  }

  @Test func whatIsChangedByHandComesBackAndNothingElseIsTouched() throws {
    try inNamespace { directory in
      try Self.requireIPVS()
      let desired = try file(
        web([1, 2, 3]),
        #"{ "address": "192.0.2.2", "port": 80, "protocol": "tcp", "scheduler": "wlc", "destinations": \#(destinations([1, 2, 3])) }"#
      )
      try Reconciler(runDirectory: directory).reach(desired)
      let before = try sh("ipvsadm -Sn")
      for (command, says) in [
        ("-e -t 192.0.2.1:80 -r 10.0.0.2 -m -w 7", "destination 10.0.0.2:80 weight: 7 -> 1"),
        ("-d -t 192.0.2.2:80 -r 10.0.0.2", "+ destination 10.0.0.2:80"),
        ("-d -t 192.0.2.1:80 -r 10.0.0.1", "+ destination 10.0.0.1:80"),
        (
          "-a -t 192.0.2.1:80 -r 10.0.0.9",
          "- destination 10.0.0.9:80 (theirs)\n\n1 to change; 1 removes what others made.\n"
        ),
        ("-E -t 192.0.2.1:80 -s rr", "scheduler: rr -> mh"),
        ("-E -t 192.0.2.1:80 -s mh -p 90", "persistence: { timeout 90s, netmask 32 } -> none"),
        ("-D -t 192.0.2.1:80", "+ ipvs tcp 192.0.2.1:80"),
        (
          "-A -u 192.0.2.1:99 -s rr",
          "- ipvs udp 192.0.2.1:99            (somebody else made it; the file claims all that is there)\n"
        ),
      ] {
        try sh("ipvsadm \(command)")
        let planned = try plan(directory, desired)
        #expect(planned.contains(says), "\(planned)")
        let outcome = try Reconciler(runDirectory: directory).reach(desired)
        #expect(outcome.done.count == 1)
        #expect(outcome.done[0].removesTheirs == planned.contains("others made"))
        #expect(try sh("ipvsadm -Sn") == before, "\(command)")
      }
      try sh("ipvsadm -C")
      try Reconciler(runDirectory: directory).reach(desired)
      #expect(try sh("ipvsadm -Sn") == before)
    }
  }

  @Test func onlyOurOwnServicesAreDeleted() throws {
    try inNamespace { directory in
      try Self.requireIPVS()
      try sh("ipvsadm -A -t 198.51.100.1:80 -s rr")
      try sh("ipvsadm -A -u 192.0.2.1:53 -s rr")
      try sh("ipvsadm -A -f 5 -s rr")
      try sh("ipvsadm -A -f 5 -6 -s rr")
      let both = try file(web([1]), #"{ "mark": "0x5", "family": "inet6", "scheduler": "wlc" }"#)
      try Reconciler(runDirectory: directory).reach(both)
      let others = "-A -t 198.51.100.1:80 -s rr\n"
      let foreignMark = "-A -f 5 -s rr\n"
      #expect(
        try sh("ipvsadm -Sn").split(separator: "\n").sorted()
          == (others + foreignMark
          + "-A -t 192.0.2.1:80 -s mh\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1\n-A -f 5 -6 -s wlc\n")
          .split(separator: "\n").sorted())
      // The address is no longer named: what we made there goes, by the run directory's memory;
      // what somebody else has there by now stays.
      try sh("ipvsadm -A -u 192.0.2.1:53 -s rr")
      try Reconciler(runDirectory: directory).reach(NetworkState())
      #expect(
        try sh("ipvsadm -Sn").split(separator: "\n").sorted()
          == (others + foreignMark + "-A -u 192.0.2.1:53 -s rr\n").split(separator: "\n").sorted())
      // A service of ours that was removed by hand is forgotten: a later one is somebody else's.
      try Reconciler(runDirectory: directory).reach(file(web([1])))
      try sh("ipvsadm -D -t 192.0.2.1:80")
      try Reconciler(runDirectory: directory).reach(NetworkState())
      try sh("ipvsadm -A -t 192.0.2.1:80 -s rr")
      #expect(try plan(directory, NetworkState()) == Plan.steadyState + "\n")
    }
  }

  @Test func ownershipIsOnDiskBeforeAServiceIsMade() throws {
    try inNamespace { directory in
      try Self.requireIPVS()
      // If it can't be remembered, nothing is made.
      try writeFile(directory + "/file", "")
      let outcome = try Reconciler(runDirectory: directory + "/file").reach(file(web([1])))
      #expect(outcome.failed.count == 1 && outcome.done.isEmpty, "\(outcome.complaints)")
      #expect(try sh("ipvsadm -Sn") == "")
    }
  }

  @Test func undoneIsAsItWas() throws {
    try inNamespace { directory in
      try Self.requireIPVS()
      try sh("ipvsadm -A -t 192.0.2.1:80 -s rr")
      try sh("ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.9 -m -w 4")
      try sh("ipvsadm -A -t 192.0.2.1:81 -s rr")
      let before = ipvsSnapshot()
      let reconciler = try Reconciler(runDirectory: directory)
      var desired = try file(
        web([1]), #"{ "address": "192.0.2.5", "port": 1, "protocol": "udp", "scheduler": "rr" }"#)
      desired.ipvsTimeouts = [IPVSTimeout(.udp, .seconds(99))]
      let observed = try reconciler.observe(for: desired)
      let plan = Plan(from: observed, to: desired)
      let undo = Undo(of: plan, from: observed)
      #expect(try reconciler.carryOut(plan).complaints == "")
      #expect(ipvsSnapshot() != before)
      let outcome = try reconciler.reconcile { undo.plan(from: try reconciler.observe()) }
      #expect(outcome.complaints == "")
      #expect(ipvsSnapshot() == before)
    }
  }

  @Test func withoutIPVSOnePlanConflictSaysSoAndTheRestIsDone() throws {
    try inNamespace { directory in
      if (try? sh("ipvsadm -Ln")) != nil { try Test.cancel("this kernel has IPVS") }
      var desired = try file(
        web([1]), #"{ "mark": "0x5", "family": "inet6", "scheduler": "wlc" }"#)
      desired.sysctls = [Sysctl(Sysctl.Key("net.ipv4.ip_forward")!, "1")]
      let outcome = try Reconciler(runDirectory: directory).reach(desired)
      #expect(
        outcome.complaints == """
          blocked ipvs tcp 192.0.2.1:80: this kernel has no IPVS, which 2 objects need: \
          run `modprobe ip_vs` on the host, or take a kernel that has it (CONFIG_IP_VS)

          """)
      #expect(try sh("sysctl net.ipv4.ip_forward").contains("= 1"))
      #expect(try plan(directory, NetworkState()).contains("ip_forward"))
    }
  }
}
