import JSON
import Model
import Testing

@testable import Agent
@testable import Health

/// What `vpngw status` prints.
struct StatusTableTests {
  private static func status() -> Status {
    var status = Status(path: "router.json")
    status.hasFile = true
    status.isConverged = true
    for number in [10, 2, 0] {
      let signal = Signal(.probe, "gw\(number)")
      status.subjects[signal] = SignalSubject(
        [.init("gateway", "192.168.25.\(number)")], peers: [signal])
      status.signals.append(Status.SignalStatus(signal: signal, state: number == 2 ? .down : .up))
    }
    for name in ["tcp", "udp"] {
      let signals = (0..<12).map { Signal(.probe, "port-1.\(name).192.168.27.\($0)") }
      for (position, signal) in signals.enumerated() {
        status.subjects[signal] = SignalSubject(
          [.init("service", "port-1 \(name)"), .init("server", "192.168.27.\(position)")],
          peers: Set(signals))
        let state: Signal.State =
          name == "udp" ? .down : [1, 11].contains(position) ? .unknown : .up
        status.signals.append(Status.SignalStatus(signal: signal, state: state))
      }
    }
    status.signals.append(Status.SignalStatus(signal: Signal(.link, "eth0"), state: .up))
    return status
  }

  private static func text(
    _ status: Status, _ probes: Prober.Snapshot = [:], listsAll: Bool = false
  ) throws -> String {
    let states = Dictionary(uniqueKeysWithValues: status.signals.map { ($0.signal, $0.state) })
    let said = ProbeInput.status(of: probes, given: states)
    let document = try Document(Array(status.tree([said]).text().utf8))
    return withExtendedLifetime(document) {
      StatusTable(document.root, listsAll: listsAll).text
    }
  }

  @Test func whatMattersComesFirstAndServicesAreFolded() throws {
    var reading = Reading()
    reading.lastFailure = "Connection refused"
    reading.consecutiveFailures = 1
    let probes: Prober.Snapshot = [Signal(.probe, "port-1.udp.192.168.27.3"): (.down, reading)]
    #expect(
      try Self.text(Self.status(), probes) == """
        state file  router.json
        kernel      as the file says

        GATEWAY  STATE  READING
        gw0      up
        gw2      down
        gw10     up

        SERVICE     SERVERS
        port-1 tcp  10 of 12 up  unknown: 2
        port-1 udp  0 of 12 up   all down (Connection refused)

        SIGNAL     STATE  READING
        link.eth0  up

        """)
  }

  @Test func allListsEachProbe() throws {
    let lines = try Self.text(Self.status(), listsAll: true).split(separator: "\n").map(String.init)
    #expect(lines.count { $0.hasPrefix("probe.port-1.") } == 24)
    let names = lines.filter { $0.hasPrefix("probe.port-1.tcp") }.map {
      String($0.prefix { $0 != " " })
    }
    #expect(
      names.prefix(3).map { $0.dropFirst("probe.port-1.tcp.".count) }
        == ["192.168.27.0", "192.168.27.1", "192.168.27.2"])
  }

  @Test func problemsAreListedAtTheTop() throws {
    var status = Self.status()
    status.isConverged = false
    status.file = .bad(["router.json:1:2: no"])
    status.failures = [Trouble(object: "link br0", reason: "Operation not permitted")]
    status.notes = [Trouble(object: "link eth0", reason: "is down")]
    let availability = Availability(
      name: "egress", noun: "gateways", leading: [], count: 3, isClosed: true,
      reason: "no gateway is alive: egress is closed")
    status.availabilities = [
      Status.BlueprintAvailability(
        availability: availability,
        closedSince: WallClock(seconds: 1_767_225_599, milliseconds: 7))
    ]
    let lines = try Self.text(status).split(separator: "\n").map(String.init)
    #expect(
      lines.prefix(6) == [
        "state file  router.json  NOT VALID: the one before stays in force",
        "            router.json:1:2: no",
        "kernel      NOT as the file says",
        "  link br0: Operation not permitted",
        "egress      CLOSED since 2025-12-31T23:59:59.007Z: no gateway is alive: egress is closed",
        "note        link eth0: is down",
      ])
  }

  @Test func probeReasonsNeitherControlNorFloodTheTerminal() throws {
    var status = Self.status()
    status.signals = [Status.SignalStatus(signal: Signal(.probe, "gw0"), state: .down)]
    var reading = Reading()
    reading.consecutiveFailures = 1
    reading.lastFailure =
      "\u{1b}]0;x\u{7}\nkernel      as the file says\u{9b}\u{202e}"
      + String(repeating: "a", count: 100_000)
    let text = try Self.text(status, [Signal(.probe, "gw0"): (.down, reading)])
    #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f || $0 == 0x0a })
    #expect(text.split(separator: "\n").count { $0.hasPrefix("kernel") } == 1)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("gw0") })
    #expect(line.hasPrefix(#"gw0      down   \u{1b}]0;x\u{7}\nkernel"#))
    #expect(line.count == "gw0      down   ".count + Status.longestReason)
  }

  @Test(arguments: [
    ["gw0", "gw2", "gw10"], ["a", "a0", "a00", "a1"], ["a.2", "a.10", "b"], ["", "1", "01a", "2"],
    ["192.168.27.3", "192.168.27.30", "192.168.127.3"],
  ])
  func namesAreSortedByTheNumbersInThem(names: [String]) {
    for (position, name) in names.enumerated() {
      for (other, text) in names.enumerated() where position != other {
        let isFirst = position < other
        if isFirst { #expect(!isBefore(text, name), "\(text) \(name)") }
      }
    }
    #expect(names.reversed().sorted(by: isBefore).count == names.count)
  }
}
