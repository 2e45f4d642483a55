import Addressing
import Model
import State
import Testing

@testable import DDNS

struct WantedTests {
  private static let members = [
    PublicMember(probe: Signal(.probe, "gw0")), PublicMember(probe: Signal(.probe, "gw1")),
  ]

  private func texts(_ records: Publication.Records) -> [String] {
    var publication = Publication(
      "x", vpn, records, provider: ProviderSettings(type: "fake", [:]))
    publication.members = Self.members
    let readings = [
      Signal(.probe, "gw0"): SignalReading(
        publicAddresses: [IPAddress("198.51.100.7")!], forwardedPorts: [4242, 4243]),
      Signal(.probe, "gw1"): SignalReading(
        publicAddresses: [IPAddress("198.51.100.9")!], forwardedPorts: []),
    ]
    let signals = Dictionary(uniqueKeysWithValues: readings.keys.map { ($0, Signal.State.up) })
    guard case .values(let values) = publication.wanted(given: signals, reading: readings) else {
      return []
    }
    return values.values.flatMap(\.self).map(\.text)
  }

  @Test func servicesHaveTheForwardedPorts() {
    #expect(
      texts(
        .services(
          priority: 1, weight: 2, port: .forwarded, target: Template("{gateway}.vpn.example.org")!))
        == ["1 2 4242 gw0.vpn.example.org.", "1 2 4243 gw0.vpn.example.org."])
  }

  @Test func textsNameWhatTheyLike() {
    #expect(
      texts(.texts(Template("{gateway}={address}")!))
        == ["\"gw0=198.51.100.7\"", "\"gw1=198.51.100.9\""])
    #expect(texts(.texts(Template("port={port}")!)) == ["\"port=4242\"", "\"port=4243\""])
    #expect(Template("{host}") == nil && Template("a}") == nil && Template("{port") == nil)
  }

  @Test func bindingsHaveHints() {
    var binding = Publication.Binding()
    binding.protocols = ["h2"]
    binding.port = .forwarded
    binding.hasHints = true
    #expect(
      texts(.bindings(binding)) == [
        "1 . alpn=\"h2\" port=4242 ipv4hint=198.51.100.7",
        "1 . alpn=\"h2\" port=4243 ipv4hint=198.51.100.7",
      ])
  }
  @Test func addressesThatNobodyReachesAreNotPublished() {
    var publication = Publication(
      "x", vpn, .addresses([.a, .aaaa]), provider: ProviderSettings(type: "fake", [:]))
    publication.members = [PublicMember(probe: Signal(.probe, "gw0"))]
    let addresses = [
      "0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "::1", "fe80::1", "10.0.0.1",
    ]
    let reading = SignalReading(publicAddresses: addresses.map { IPAddress($0)! })
    let wanted = publication.wanted(
      given: [Signal(.probe, "gw0"): .up], reading: [Signal(.probe, "gw0"): reading])
    #expect(wanted == .values([.a: [.address(IPAddress("10.0.0.1")!)], .aaaa: []]))
  }

  @Test func gatewaysOfAGroupArePublished() throws {
    let file = """
      { "version": 1, "links": [{ "name": "net0", "managed": false }],
        "gateways": [
          { "name": "pool", "link": "net0", "members": { "addresses": "192.168.25.128/31" },
            "egress": { "from": ["192.168.24.0/22"] },
            "probes": { "health": { "type": "gluetun" },
                        "tunnel": { "type": "tcp", "address": "203.0.113.1", "port": 443 } } },
          { "name": "eu", "link": "net0", "members": [{ "name": "far", "addresses": "192.168.25.140" }],
            "egress": { "from": ["192.168.30.0/24"] } } ],
        "ddns": {
          "pool": { "name": "vpn.example.org", "from": "gateways.pool",
                    "provider": { "type": "rfc2136", "server": "192.0.2.53", "zone": "example.org" } } } }
      """
    let desired = try StateFile.decode(Array(file.utf8))
    let publication = try #require(desired.outputs[Publication.self].first)
    #expect(publication.members.map(\.name) == ["pool.gw0", "pool.gw1"])
    let health = (0...1).map { Signal(.probe, "pool.gw\($0).health") }
    #expect(desired.probes.filter(\.readsAlways).map(\.signal).contains(health[0]))
    #expect(publication.signals.isSubset(of: desired.signals))
    var signals: [Signal: Signal.State] = [:]
    var readings: [Signal: SignalReading] = [:]
    for (number, signal) in health.enumerated() {
      signals[signal] = .up
      signals[Signal(.probe, "pool.gw\(number).tunnel")] = .up
      readings[signal] = SignalReading(publicAddresses: [IPAddress("198.51.100.\(number)")!])
    }
    func wanted() -> [String]? {
      let states = desired.deriving(from: signals)
      guard case .values(let values) = publication.wanted(given: states, reading: readings) else {
        return nil
      }
      return values[.a]?.map(\.text)
    }
    #expect(wanted() == ["198.51.100.0", "198.51.100.1"])
    // Good health, and nothing gets through its tunnel.
    signals[Signal(.probe, "pool.gw1.tunnel")] = .down
    #expect(wanted() == ["198.51.100.0"])
    signals[Signal(.probe, "pool.gw0.tunnel")] = .unknown
    #expect(wanted() == nil)
    // Whoever states the gateway itself (`--signal gateway.pool.gw0=down`) overrides its probes.
    signals[Signal(.gateway, "pool.gw0")] = .down
    #expect(wanted() == [])
  }
}
