import Glibc
import Model
import Netlink
import TestSupport
import Testing

@testable import Health

struct GluetunTests {
  private static let healthy: [String: (Int, String)] = [
    "/": (200, ""),
    "/v1/vpn/status": (200, #"{"status":"running"}"#),
    "/v1/publicip/ip": (200, #"{"public_ip":"198.51.100.7","region":"x"}"#),
    "/v1/portforward": (200, #"{"port":4242,"ports":[4242]}"#),
  ]

  private static func outcome(
    _ changes: [String: (Int, String)] = [:], without paths: [String] = [],
    timeout: Duration = .seconds(10), _ change: (inout Probe.Gluetun) -> Void = { _ in }
  ) throws -> Outcome {
    var answers = healthy
    for (path, answer) in changes { answers[path] = answer }
    for path in paths { answers[path] = nil }
    let server = try Server(answers)
    var gluetun = Probe.Gluetun(address: loopback)
    gluetun.healthPort = server.port
    gluetun.controlPort = server.port
    change(&gluetun)
    return try HealthTests.outcome(.gluetun(gluetun), timeout: timeout)
  }

  private static let found = Finding(
    publicAddress: IPAddress("198.51.100.7"), forwardedPorts: [4242])
  private static let foundWithoutPort = Finding(publicAddress: IPAddress("198.51.100.7"))

  @Test func allAnswersTogetherSucceed() throws {
    #expect(try Self.outcome() == .good(Self.found))
  }

  @Test(arguments: [
    ("/", 500, "", "health server: status 500, not 200-299"),
    ("/", 500, "startup check: no\nmore", "health server: status 500: startup check: no"),
    (
      "/", 500, "\n small periodic check: all check tries failed:\n\tattempt 1 (5000ms): x\n",
      "health server: status 500: small periodic check: all check tries failed: "
        + "attempt 1 (5000ms): x"
    ),
    (
      "/", 503, String(repeating: "x", count: 100_000),
      "health server: status 503: " + String(repeating: "x", count: 170) + "..."
    ),
    ("/v1/vpn/status", 500, "", "GET /v1/vpn/status: status 500, not 200-299"),
    (
      "/v1/vpn/status", 200, #"{"status":"stopped"}"#,
      "GET /v1/vpn/status: the VPN's status is \"stopped\", not \"running\""
    ),
    (
      "/v1/vpn/status", 200, "[]",
      "GET /v1/vpn/status: the VPN's status is \"\", not \"running\""
    ),
    ("/v1/vpn/status", 200, "x", "the answer is no JSON"),
  ])
  func itsHealthAndItsStatusAreEachEnoughToFail(
    path: String, status: Int, body: String, reason: String
  ) throws {
    #expect(try Self.outcome([path: (status, body)]) == .bad(reason))
  }

  @Test(arguments: [
    (200, #"{"public_ip":""}"#, "gluetun has none; it looks once, when its tunnel comes up"),
    (200, "{}", "gluetun has none; it looks once, when its tunnel comes up"),
    (200, #"{"public_ip":"x"}"#, "what gluetun says is none"),
    (200, "x", "the answer is no JSON"),
    (500, "", "GET /v1/publicip/ip: status 500, not 200-299"),
  ])
  func aMissingAddressIsANote(status: Int, body: String, note: String) throws {
    #expect(
      try Self.outcome(["/v1/publicip/ip": (status, body)])
        == .good(Finding(forwardedPorts: [4242], notes: ["no public address: " + note])))
  }

  @Test func aGatewayWithoutDataIsStillHealthy() throws {
    // server.py closes the connection for what it doesn't answer, except here.
    let outcome = try Self.outcome(
      ["/v1/publicip/ip": (0, "silent")], timeout: .milliseconds(700))
    #expect(
      outcome
        == .good(
          Finding(forwardedPorts: [4242], notes: ["no public address: no answer in time"])))
  }

  @Test(arguments: [400, 404])
  func olderVersionsAreAskedAtTheirPaths(status: Int) throws {
    let outcome = try Self.outcome([
      "/v1/vpn/status": (status, ""), "/v1/portforward": (status, ""),
      "/v1/openvpn/status": (200, #"{"status":"running"}"#),
      "/v1/openvpn/portforwarded": (200, #"{"port":99}"#),
    ])
    var found = Self.found
    found.forwardedPorts = [99]
    #expect(outcome == .good(found))
  }

  @Test(arguments: [
    (404, "", nil), (200, "x", nil), (200, #"{"port":0}"#, []), (200, #"{"port":-1}"#, []),
    (200, #"{"port":65536,"ports":["x",null,1.5,{}]}"#, []), (200, #"{"ports":{"port":1}}"#, []),
    (200, #"{"port":7}"#, [7]), (200, #"{"ports":[7,8]}"#, [7, 8]),
    (200, #"{"port":9,"ports":[7,8,7]}"#, [7, 8, 9]), (200, #"{"port":0,"ports":[]}"#, []),
  ])
  func portsAreReadInEitherForm(status: Int, body: String, ports: [UInt16]?) throws {
    var found = Self.foundWithoutPort
    found.forwardedPorts = ports
    #expect(try Self.outcome(["/v1/portforward": (status, body)]) == .good(found))
  }

  @Test func aRefusalTellsWhatToSet() throws {
    let closed = try ClosedPort()
    defer { withExtendedLifetime(closed) {} }
    let (port, hint) = (closed.number, "gluetun needs HEALTH_SERVER_ADDRESS=:")
    #expect(
      try Self.outcome { $0.healthPort = port }
        == .bad(
          "health server: connection refused by 127.0.0.1:\(port) "
            + "(\(hint)\(port) and FIREWALL_INPUT_PORTS=\(port))"))
    #expect(
      try Self.outcome { $0.controlPort = port }
        == .bad(
          "GET /v1/vpn/status: connection refused by 127.0.0.1:\(port) (gluetun needs "
            + "HTTP_CONTROL_SERVER_ADDRESS=:\(port) and FIREWALL_INPUT_PORTS=\(port))"))
  }

  @Test func aTimeoutTellsWhatToSet() throws {
    try Namespace.make().run {
      try sh("ip link set lo up")
      try sh(
        "nft -f -",
        input: """
          table ip t { chain c { type filter hook input priority 0; tcp dport 9999 drop; }; }
          """)
      let outcome = try Self.outcome([:], timeout: .milliseconds(500)) { $0.healthPort = 9999 }
      #expect(
        outcome
          == .bad(
            "health server: no connection to 127.0.0.1:9999 within 500ms (gluetun needs "
              + "HEALTH_SERVER_ADDRESS=:9999 and FIREWALL_INPUT_PORTS=9999)"))
    }
  }
}

/// Against the testbeds' stand-in, which behaves as each version does by gluetun's sources.
struct GluetunVersionTests {
  private static let address = IPAddress("198.51.100.7")
  private static let status = "GET /v1/vpn/status"
  private static let publicAddress = "GET /v1/publicip/ip"
  private static let port = "GET /v1/portforward"
  private static let oldPort = "GET /v1/openvpn/portforwarded"

  private static func role(_ routes: [String], _ auth: String = #""auth": "none""#) -> String {
    let list = routes.map { "\"\($0)\"" }.joined(separator: ", ")
    return "[{\(auth), \"routes\": [\(list)]}]"
  }

  private static let keyed = #""auth": "apikey", "apikey": "secret""#

  private static func refusal(_ route: String, key: String? = nil) -> String {
    let wanted = route == port ? "\"\(port)\" (before v3.41 \"\(oldPort)\")" : "\"\(route)\""
    let role =
      key.map { "the role with the key of \($0)" }
      ?? "a role with auth = \"none\", or the probe lacks the key of one"
    return "401, skipped: gluetun's config.toml lacks \(wanted) in the routes of \(role)"
  }

  /// Runs the stand-in in a namespace of its own.
  private static func with(
    _ body: (_ answer: (String) throws -> Void, _ ask: (Probe.Credentials?) throws -> Outcome)
      throws -> Void
  ) throws {
    try Namespace.make().run {
      try sh("ip link set lo up")
      try TemporaryDirectory.with { directory in
        let file = directory + "/answers"
        try writeFile(file, "{}")
        let started = try Started(["/usr/bin/python3", Self.program, file])
        defer {
          started.kill(SIGKILL)
          _ = started.wait()
        }
        let listens = try eventually {
          let ports = try sh("ss -Hltn")
          return ports.contains(":9999") && ports.contains(":8000")
        }
        #expect(listens)
        try body({ answers in
          try writeFile(
            file,
            """
            {"public_ip": "198.51.100.7", "ports": [4242, 4243]\(answers.isEmpty ? "" : ", ")\(answers)}
            """)
        }) { credentials in
          var gluetun = Probe.Gluetun(address: loopback)
          gluetun.credentials = credentials
          return try outcome(.gluetun(gluetun))
        }
      }
    }
  }

  private static let program: String = {
    let checkout = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(checkout)/testbeds/programs/gluetun"
  }()

  private static func found(
    ports: [UInt16]? = [4242, 4243], notes: [String] = [], portNote: String? = nil
  ) -> Outcome {
    .good(
      Finding(publicAddress: address, forwardedPorts: ports, notes: notes, portNote: portNote))
  }

  @Test func everyVersionIsHealthyAsItIsInstalled() throws {
    try Self.with { (answer, ask) throws in
      try answer(#""version": "v3.38", "ports": null, "port": 4242"#)
      #expect(try ask(nil) == Self.found(ports: [4242]))
      for version in ["v3.40", "v3.41"] {
        try answer("\"version\": \"\(version)\"")
        #expect(try ask(nil) == Self.found(), "\(version)")
      }
      // The newest version publishes nothing: only its health server decides.
      try answer(#""version": "newest""#)
      let nothing = Outcome.good(
        Finding(
          notes: [Self.status, Self.publicAddress].map { Self.refusal($0) },
          portNote: Self.refusal(Self.port)))
      #expect(try ask(nil) == nothing)
      try answer(#""version": "newest", "healthy": false"#)
      #expect(
        try ask(nil)
          == .bad(
            "health server: status 500: startup check: all check tries failed: "
              + "parallel attempt 1/2 failed: dialing: i/o timeout"))
    }
  }

  @Test func aRoleThatLacksRoutesIsToldWhichOnes() throws {
    try TemporaryDirectory.with { directory in
      let key = directory + "/key"
      try writeFile(key, "secret\n")
      try Self.with { (answer, ask) throws in
        let versions = ["v3.40", "v3.41", "newest"]
        let all = Self.role([Self.status, Self.publicAddress, Self.port, Self.oldPort], Self.keyed)
        // The seed's roles.
        let one = Self.role([Self.publicAddress], Self.keyed)
        for version in versions {
          try answer("\"version\": \"\(version)\", \"roles\": \(all)")
          #expect(try ask(.apiKey(file: key)) == Self.found(), "\(version)")
          try answer("\"version\": \"\(version)\", \"roles\": \(one)")
          let some = Self.found(
            ports: nil, notes: [Self.refusal(Self.status, key: key)],
            portNote: Self.refusal(Self.port, key: key))
          #expect(try ask(.apiKey(file: key)) == some, "\(version)")
        }
        // From v3.41 on the older path only redirects to the newer one, which isn't allowed here.
        let old = Self.role([Self.status, Self.publicAddress, Self.oldPort], Self.keyed)
        try answer("\"version\": \"newest\", \"roles\": \(old)")
        #expect(
          try ask(.apiKey(file: key))
            == Self.found(ports: nil, portNote: Self.refusal(Self.port, key: key)))
        try answer("\"version\": \"v3.40\", \"roles\": \(old)")
        #expect(try ask(.apiKey(file: key)) == Self.found())
      }
    }
  }

  @Test func anAddressThatIsMissingIsNoFailureOfAnyVersion() throws {
    try Self.with { (answer, ask) throws in
      for version in ["v3.38", "v3.40", "v3.41"] {
        try answer("\"version\": \"\(version)\", \"public_ip\": \"\", \"ports\": [7]")
        let note = "no public address: gluetun has none; it looks once, when its tunnel comes up"
        #expect(
          try ask(nil) == .good(Finding(forwardedPorts: [7], notes: [note])), "\(version)")
      }
    }
  }
}
