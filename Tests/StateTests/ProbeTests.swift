import JSON
import Model
import Testing

@testable import State

/// Probes of the section `probes`, and those that blueprints make from a template.
@Suite struct ProbeTests {
  private static let types = [
    #""type": "http", "path": "/x", "status": [200, "204-299"], "headers": { "A": "b" }"#,
    #""type": "https", "verify": false, "basic_auth_file": "/run/a""#,
    #""type": "tcp", "port": 25, "expect": "220""#,
    #""type": "udp", "port": 53, "send": "x""#,
    #""type": "dns", "name": "example.org", "qtype": "AAAA", "answer": "::1""#,
    #""type": "icmp", "source": "192.0.2.9", "mark": "0x7", "jitter": "0s""#,
    #""type": "gluetun", "health_port": 1, "interval": "2s", "timeout": "2s""#,
  ]

  @Test(arguments: types)
  func templateMakesWhatTheSectionHas(_ keys: String) throws {
    let file = #"{ "version": 1, "probes": { "p": { "address": "192.0.2.1", \#(keys) } } }"#
    let probe = try #require(try StateFile.decode(Array(file.utf8)).probes.first)
    let (template, problems) = try read("{ \(keys) }")
    #expect(problems == [])
    #expect(template?.probe(named: "p", at: IPAddress("192.0.2.1")!) == probe)
    #expect(template?.family == probe.source?.family)
  }

  @Test(arguments: [
    (#""type": "icmp", "address": "192.0.2.1""#, "\"address\" is each member's own: leave it out"),
    (#""type": "exec", "command": ["/x"]"#, "must be a type that asks an address, not \"exec\""),
    (#""type": "file", "path": "/x""#, "must be a type that asks an address, not \"file\""),
    (#""type": "tcp""#, "this probe needs \"port\""),
  ])
  func templateThatAsksNoMemberIsRefused(_ keys: String, _ message: String) throws {
    #expect(try read("{ \(keys) }").problems == [message])
  }

  @Test func unstatedTimesAreTheDefaults() throws {
    func times(_ keys: String) throws -> [Duration] {
      let probe = try #require(try read(#"{ "type": "icmp"\#(keys) }"#).template)
        .probe(named: "p", at: .nobody)
      return [probe.interval, probe.timeout]
    }
    #expect(try times("") == [.seconds(1), .milliseconds(750)])
    #expect(try times(#", "interval": "10s""#) == [.seconds(10), .milliseconds(750)])
    #expect(try times(#", "interval": "500ms""#) == [.milliseconds(500), .milliseconds(500)])
  }

  private static func gateways(_ source: String) -> [UInt8] {
    Array(
      #"""
      {
        "version": 1,
        "links": [{ "name": "eth0", "managed": false }],
        "gateways": {
          "link": "eth0", "members": { "addresses": "192.168.25.128/31" },
          "probe": { "type": "gluetun", "public_address": \#(source) },
          "egress": { "from": "192.168.24.0/22" },
          "return": { "mark": "0x1900", "table": 50, "priority": 1000 }
        }
      }
      """#.utf8)
  }

  /// Each gateway's public address is asked through its own tunnel.
  @Test func gatewaysSourcesHaveTheirMarks() throws {
    func marks(_ source: String) throws -> [String?] {
      try StateFile.decode(Self.gateways(source)).probes.map {
        $0.addressSources.first?.mark?.description
      }
    }
    #expect(try marks(#"{ "stun": "stun.example.org" }"#) == ["0x1900", "0x1901"])
    #expect(try marks(#"{ "stun": "stun.example.org", "mark": "0x7" }"#) == ["0x7", "0x7"])
    #expect(try marks(#"{ "stun": "stun.example.org", "link": "eth0" }"#) == [nil, nil])
    #expect(try marks(#""198.51.100.7""#) == [nil, nil])
  }

  @Test func gatewaysWithoutIPv6AreNotAskedForIt() throws {
    #expect {
      try StateFile.decode(Self.gateways(#"{ "stun": "stun.example.org", "family": "inet6" }"#))
    } throws: { error in
      (error as? Problems)?.list.map(\.message) == [
        "\"public_address\" asks for one of \"inet6\", of which \"gw0\" has no address to be reached by"
      ]
    }
  }

  private func read(_ text: String) throws -> (template: ProbeTemplate?, problems: [String]) {
    let document = try Document(Array(text.utf8))
    defer { withExtendedLifetime(document) {} }
    let findings = Findings(names: Names())
    var reader = ObjectReader<ProbeKey>(findings, "probe")
    guard reader.open(document.root) else { return (nil, ["no object"]) }
    return (reader.probeTemplate(), findings.drafts.map(\.message))
  }
}
