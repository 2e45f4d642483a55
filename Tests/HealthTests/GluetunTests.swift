import Model
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
    _ changes: [String: (Int, String)] = [:], without paths: [String] = []
  ) throws -> Outcome {
    var answers = healthy
    for (path, answer) in changes { answers[path] = answer }
    for path in paths { answers[path] = nil }
    let server = try Server(answers)
    var gluetun = Probe.Gluetun(address: loopback)
    gluetun.healthPort = server.port
    gluetun.controlPort = server.port
    return try HealthTests.outcome(.gluetun(gluetun))
  }

  private static let found = Finding(
    publicAddress: IPAddress("198.51.100.7"), forwardedPort: 4242)
  private static let foundWithoutPort = Finding(publicAddress: IPAddress("198.51.100.7"))

  @Test func allThreeTogetherAreGood() throws {
    #expect(try Self.outcome() == .good(Self.found))
  }

  @Test(arguments: [
    ("/", 500, "", "health server: status 500, not 200-299"),
    ("/v1/vpn/status", 401, "", "GET /v1/vpn/status: status 401, not 200-299"),
    (
      "/v1/vpn/status", 200, #"{"status":"stopped"}"#,
      "GET /v1/vpn/status: the VPN's status is \"stopped\", not \"running\""
    ),
    (
      "/v1/vpn/status", 200, "[]",
      "GET /v1/vpn/status: the VPN's status is \"\", not \"running\""
    ),
    ("/v1/publicip/ip", 200, #"{"public_ip":""}"#, "public_ip is empty"),
    ("/v1/publicip/ip", 200, "{}", "public_ip is empty"),
    (
      "/v1/publicip/ip", 200, #"{"public_ip":"x"}"#,
      "public_ip is \"x\", which is no address"
    ),
  ])
  func eachAloneIsEnoughToFail(path: String, status: Int, body: String, reason: String) throws {
    #expect(try Self.outcome([path: (status, body)]) == .bad(reason))
  }

  @Test func olderOnesAreAskedAtTheirPaths() throws {
    let outcome = try Self.outcome(
      [
        "/v1/openvpn/status": (200, #"{"status":"running"}"#),
        "/v1/openvpn/portforwarded": (200, #"{"port":99}"#),
      ], without: ["/v1/vpn/status", "/v1/portforward"])
    var found = Self.found
    found.forwardedPort = 99
    #expect(outcome == .good(found))
  }

  @Test(arguments: [
    (401, ""), (404, ""), (200, "x"), (200, #"{"port":0}"#), (200, #"{"port":-1}"#),
  ])
  func noForwardedPortIsNoFailure(status: Int, body: String) throws {
    #expect(
      try Self.outcome(["/v1/portforward": (status, body)]) == .good(Self.foundWithoutPort))
  }
}
