import Glibc
import TestSupport
import Testing

/// What `run` may do on the machine, beyond what its file needs: nothing.
@Suite struct PrivilegeTests {
  private static let plain = file("")
  private static let icmp = file(#""probes": { "a": { "type": "icmp", "address": "127.0.0.1" } }"#)
  private static let vrrp = file(
    #""links": [{ "name": "l0", "managed": false }], "vrrp": { "v": { "link": "l0", "id": 7, "addresses": ["192.0.2.9"] } }"#
  )

  private static func file(_ section: String) -> String {
    let rule = #"{ "priority": 5, "family": "inet", "lookup": 57 }"#
    return #"{ "version": 1, "rules": [\#(rule)]\#(section.isEmpty ? "" : ", " + section) }"#
  }

  private func rules() throws -> String { try sh("ip rule show") }

  private func end(_ daemon: Started) -> Finished {
    daemon.kill(SIGTERM)
    return daemon.wait()
  }

  /// The values that all threads of a process have of a line in their status; one if they agree.
  private func values(_ name: String, _ process: Int32) throws -> Set<String> {
    let all = try fileNames(in: "/proc/\(process)/task", ending: "").filter { Int32($0) != nil }
    return try Set(
      all.map { task in
        let status = String(
          decoding: try readFile("/proc/\(process)/task/\(task)/status"), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return String(line?.split(separator: "\t").last ?? "")
      })
  }

  private static let cable = [
    "ip link add l0 type veth peer name l1", "ip link set l0 up", "ip link set l1 up",
    "ip address add 192.0.2.1/24 dev l0",
  ]

  @Test(
    arguments: [(plain, "1000"), (icmp, "3000"), (vrrp, "3000")],
    [[], ["--keep-capabilities"]])
  func runKeepsWhatItsFileNeeds(_ file: (text: String, kept: String), _ options: [String]) throws {
    try Vpngw.inNamespace { vpngw in
      for line in Self.cable { try sh(line) }
      let path = try vpngw.file("state.json", file.text)
      let before = try values("CapEff", getpid()).first!
      let daemon = try Started(vpngw.arguments(["run", path] + options))
      #expect(try eventually { try rules().contains("5:") })
      // The thread that speaks VRRP is punctual all the same.
      if file.text.contains("vrrp") {
        #expect(
          try eventually {
            try sh("ps -L -o cls= -p \(daemon.process)").contains("RR")
          })
        #expect(try !vpngw("status").output.contains("CAP_SYS_NICE"))
      }
      // Without CAP_SYS_RESOURCE (24) no limit can be raised in the place of CAP_IPC_LOCK and CAP_SYS_NICE.
      let mayRaise = UInt64(before, radix: 16)! & 1 << 24 != 0
      let more = file.text.contains("vrrp") && !mayRaise ? "0080" : "0000"
      let kept = "00000000\(more)" + (more == "0080" ? "7000" : file.kept)
      for name in ["CapEff", "CapPrm"] {
        let found = try values(name, daemon.process)
        #expect(found == [options.isEmpty ? kept : before], "\(name)")
      }
      #expect(try values("NoNewPrivs", daemon.process) == ["1"])
      let finished = end(daemon)
      #expect(finished.status == 0)
      #expect(!finished.error.contains("lacks="), "\(finished.error)")
      let others = finished.error.split(separator: "\n").filter { !$0.hasPrefix("time=") }
      #expect(others.isEmpty, "\(others)")
    }
  }

  @Test func aFileThatNeedsWhatIsGivenUpIsRefused() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.plain)
      let daemon = try vpngw.start("run", path)
      #expect(try eventually { try rules().contains("5:") })
      _ = try vpngw.file("state.json", Self.icmp.replacing("5,", with: "8,"))
      #expect(try eventually { try vpngw("status").output.contains("CAP_NET_RAW for probe.a") })
      #expect(try rules().contains("5:"))
      #expect(try vpngw("status").output.contains("--keep-capabilities"))
      _ = try vpngw.file("state.json", Self.plain.replacing("5,", with: "8,"))
      #expect(try eventually { try rules().contains("8:") })
      #expect(end(daemon).status == 0)
    }
  }

  @Test func whatItWasStartedWithoutIsSaid() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.icmp)
      let daemon = try Started(
        ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
          + vpngw.arguments(["run", path]))
      #expect(try eventually { try rules().contains("5:") })
      let log = end(daemon).error
      #expect(log.contains(#"event=privileges lacks="CAP_NET_RAW for probe.a""#), "\(log)")
    }
  }

  /// `sudo vpngw run ~/state.json`, where nobody else may enter the home directory.
  @Test func filesOfOthersCanStillBeRead() throws {
    try Vpngw.inNamespace { vpngw in
      mkdir(vpngw.directory + "/home", 0o700)
      let path = try vpngw.file("home/state.json", Self.plain)
      chmod(path, 0o600)
      chown(path, 65534, 65534)
      chown(vpngw.directory + "/home", 65534, 65534)
      let daemon = try vpngw.start("run", path)
      #expect(try eventually { try rules().contains("5:") })
      #expect(try values("CapEff", daemon.process) == ["0000000000001004"])
      try writeFile(path, Self.plain.replacing("5,", with: "8,"))
      #expect(try eventually { try rules().contains("8:") })
      #expect(end(daemon).status == 0)
    }
  }

  @Test func keysOfProvidersCanStillBeRead() throws {
    try Vpngw.inNamespace { vpngw in
      let key = try vpngw.file("key", "c2VjcmV0")
      chmod(key, 0o600)
      chown(key, 65534, 65534)
      let path = try vpngw.file(
        "state.json",
        Self.plain.dropLast() + """
          , "ddns": { "a": { "name": "a.example.org", "addresses": ["192.0.2.1"], "timeout": "100ms",
            "provider": { "type": "rfc2136", "server": "127.0.0.1", "port": 1, "zone": "example.org",
                          "key_name": "a", "key_file": "\(key)" } } } }
          """)
      let daemon = try vpngw.start("run", path)
      #expect(eventually { daemon.error.contains("event=ddns") })
      #expect(try values("CapEff", daemon.process) == ["0000000000001004"])
      let log = end(daemon).error
      #expect(log.contains("no answer from 127.0.0.1:1"), "\(log)")
    }
  }

  /// As a pod's user: a file with permitted capabilities, or ambient ones.
  @Test func withoutRootTwoCapabilitiesAreEnough() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file(
        "state.json",
        Self.icmp.dropLast() + #", "sysctls": { "net.ipv4.ip_forward": 1 } }"#)
      chmod(vpngw.directory, 0o755)
      chmod(path, 0o644)
      mkdir(vpngw.directory + "/run", 0o700)
      chown(vpngw.directory + "/run", 65534, 65534)
      let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
      let granted = "+net_admin,+net_raw"
      let daemon = try Started(
        user + ["--inh-caps=\(granted)", "--ambient-caps=\(granted)"]
          + vpngw.arguments(["run", path]))
      #expect(try eventually { try rules().contains("5:") })
      #expect(try eventually { try sh("cat /proc/sys/net/ipv4/ip_forward") == "1\n" })
      #expect(try values("CapEff", daemon.process) == ["0000000000003000"])
      #expect(try values("CapAmb", daemon.process) == ["0000000000000000"])
      #expect(try eventually { try vpngw.metric("vpngw_probe_up") == 1 })
      #expect(end(daemon).status == 0)
      // Permitted by the file, without being effective there: vpngw makes them so.
      let copy = vpngw.directory + "/vpngw"
      try sh("cp \(Vpngw.path) \(copy)")
      try sh("setcap cap_net_admin,cap_net_raw+p \(copy)")
      let applied = try run(
        user + [
          copy, "apply", try vpngw.file("other.json", Self.plain.replacing("5,", with: "8,")),
        ]
          + ["--run-directory", vpngw.directory + "/run"])
      #expect(applied.status == 0, "\(applied.error)")
      #expect(try rules().contains("8:"))
    }
  }

  @Test func aFileThatEverybodyMayWriteIsRefused() throws {
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.plain)
      chmod(path, 0o666)
      let daemon = try vpngw.start("run", path)
      #expect(try eventually { try vpngw("status").output.contains("everybody may write it") })
      #expect(try !rules().contains("5:"))
      chmod(path, 0o644)
      daemon.kill(SIGHUP)
      #expect(try eventually { try rules().contains("5:") })
      // The one before stays in force.
      chmod(path, 0o666)
      try writeFile(path, Self.plain.replacing("5,", with: "8,"))
      #expect(try eventually { try vpngw("status").output.contains("everybody may write it") })
      #expect(try rules().contains("5:"))
      #expect(end(daemon).status == 0)
      let trusting = try vpngw.start("run", path, "--allow-world-writable")
      #expect(try eventually { try rules().contains("8:") })
      #expect(end(trusting).status == 0)
    }
  }

  private static let readOnly =
    "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec \"$@\""

  /// As in a container.
  @Test func readOnlySettingsAreOneDiagnosticWithItsRemedy() throws {
    try Vpngw.inNamespace { vpngw in
      let sysctls = """
        "sysctls": { "net.ipv4.ip_forward": 1, "net.ipv4.conf.all.rp_filter": 2,
          "net.ipv4.conf.lo.rp_filter": 2, "net.ipv4.tcp_syncookies": 1 }
        """
      try sh("sysctl -qw net.ipv4.tcp_syncookies=1 net.ipv4.ip_forward=0")
      let path = try vpngw.file("state.json", Self.file(sysctls))
      let unshare = ["unshare", "-m", "sh", "-c", Self.readOnly, "sh"]
      let remedy = """
        of the pod, if kubelet allows them (--allowed-unsafe-sysctls) \
        "securityContext": {"sysctls": [{"name": "net.ipv4.conf.all.rp_filter", "value": "2"}, \
        {"name": "net.ipv4.ip_forward", "value": "1"}]}; a CNI plugin of the link's network \
        {"type": "tuning", "sysctl": {"net.ipv4.conf.lo.rp_filter": "2"}}; \
        or of the container "securityContext": {"procMount": "Unmasked"}
        """
      let plan = try run(unshare + vpngw.arguments(["plan", path]))
      #expect(plan.status == 1)
      let blocked = plan.output.split(separator: "\n").filter { $0.hasPrefix("blocked") }
      #expect(blocked.count == 1, "\(plan.output)")
      #expect(blocked.first?.contains(" and 2 more: /proc/sys is read-only here") == true)
      #expect(blocked.first?.contains(remedy) == true, "\(plan.output)")
      let daemon = try Started(unshare + vpngw.arguments(["run", path]))
      #expect(try eventually { try rules().contains("5:") })
      let ready = try run(["curl", "-sm", "5", "127.0.0.1:9118/readyz"])
      #expect(ready.output.contains("/proc/sys is read-only here"), "\(ready.output)")
      // Something else has made them.
      try sh(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.lo.rp_filter=2"
      )
      #expect(
        try eventually {
          daemon.kill(SIGHUP)
          try sh("ip rule add priority 9 lookup 9")
          try sh("ip rule del priority 9")
          return try run(["curl", "-sm", "5", "127.0.0.1:9118/readyz"]).output == "ready\n"
        })
      let finished = end(daemon)
      #expect(finished.status == 0)
      let said = finished.error.split(separator: "\n").filter { $0.contains("read-only here") }
      #expect(said.count == 1, "\(finished.error)")
    }
  }

  @Test func beyondLoopbackItSaysWhatOthersSee() throws {
    try Vpngw.inNamespace { vpngw in
      try sh("ip address add 192.0.2.7/24 dev lo")
      let path = try vpngw.file("state.json", Self.plain)
      for (address, isSaid) in [("0.0.0.0", true), ("192.0.2.7", true), ("127.0.0.1", false)] {
        let daemon = try vpngw.start("run", path, "--listen", "\(address):9118")
        let host = address == "127.0.0.1" ? address : "192.0.2.7"
        // As kubelet asks.
        for path in ["readyz", "healthz", "livez"] {
          #expect(
            try eventually {
              try run([
                "curl", "-sfm", "5", "-A", "kube-probe/1.31", "-H", "Connection: close",
                "http://\(host):9118/\(path)",
              ]).status == 0
            })
        }
        let log = end(daemon).error
        #expect(log.contains("level=warning event=listen address=\(address):9118") == isSaid)
      }
    }
  }

  @Test func validateSaysWhatAFileNeeds() throws {
    try Vpngw.inNamespace { vpngw in
      let file = Self.file(
        """
        "probes": { "a": { "type": "icmp", "address": "127.0.0.1" },
          "b": { "type": "tcp", "address": "127.0.0.1", "port": 1 } },
        "links": [{ "name": "l0", "managed": false }],
        "vrrp": { "v": { "link": "l0", "id": 7, "addresses": ["192.0.2.9"] } },
        "sysctls": { "net.ipv4.ip_forward": 1, "net.ipv4.conf.lo.rp_filter": 2 }
        """)
      let path = try vpngw.file("state.json", file)
      let said = try vpngw("validate", "--privileges", path)
      #expect(said.status == 0)
      #expect(
        said.output == """
          \(path): valid
            CAP_NET_ADMIN for the network
            CAP_NET_RAW for probe.a, vrrp.v
            CAP_IPC_LOCK for vrrp.v to be punctual on a busy machine: optional, or RLIMIT_MEMLOCK of infinity
            CAP_SYS_NICE for vrrp.v to be punctual on a busy machine: optional, or RLIMIT_RTPRIO of 50
            /proc/sys writable for 2 settings, unless they have their values already:
              of the pod, if kubelet allows them (--allowed-unsafe-sysctls): \
          "securityContext": {"sysctls": [{"name": "net.ipv4.ip_forward", "value": "1"}]}
              a CNI plugin of the link's network: \
          {"type": "tuning", "sysctl": {"net.ipv4.conf.lo.rp_filter": "2"}}
              or of the container "securityContext": {"procMount": "Unmasked"}, which makes /proc/sys \
          writable

          """)
      let json = try vpngw("validate", "--privileges", "--json", path).output
      #expect(json.contains(#""name": "CAP_NET_RAW""#) && json.contains(#""tuning""#), "\(json)")
    }
  }
}
