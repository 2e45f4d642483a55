import Addressing
import Model
import TestSupport
import Testing

@testable import DDNS

/// Against bind9 itself.
@Suite(.serialized) struct RFC2136Tests {
  private static func set(
    _ name: String, _ type: RecordType, ttl: UInt32 = 30, _ values: String...
  ) -> RecordSet {
    RecordSet(RecordName(name)!, type, ttl: ttl, values.map { RecordValue($0, type: type)! })
  }

  @Test func setsAreReplacedAsAWholeWithEveryAlgorithm() async throws {
    try await Named.with { named in
      for (number, algorithm) in Named.algorithms.enumerated() {
        let provider = try RFC2136(
          named.settings(key: algorithm, transport: number % 2 == 0 ? "udp" : "tcp"),
          Named.context())
        let name = "a\(number).example.org"
        let first = Self.set(name, .a, "198.51.100.7", "198.51.100.9")
        let read: @Sendable () async throws -> [RecordSet] = {
          try await perform(provider.published(RecordName(name)!, [.a, .aaaa]))
        }
        #expect(try await read() == [])
        try await perform(provider.replace(nil, by: first))
        #expect(try named.dig(first.name, .a) == ["198.51.100.7", "198.51.100.9"])
        #expect(try await read() == [first])
        let second = Self.set(name, .a, ttl: 90, "198.51.100.9", "203.0.113.1")
        try await perform(provider.replace(first, by: second))
        #expect(try await read() == [second])
        try await perform(provider.replace(second, by: nil))
        #expect(try named.dig(first.name, .a) == [])
      }
    }
  }

  @Test func everyTypeIsReadAsItWasWritten() async throws {
    try await Named.with { named in
      let provider = try RFC2136(named.settings(), Named.context())
      let long = "\"" + String(repeating: "x", count: 300) + "\""
      for set in [
        Self.set("t.example.org", .aaaa, "2001:db8::1", "2001:db8::2"),
        Self.set("_bt._tcp.example.org", .srv, "10 5 4242 gw0.example.org."),
        Self.set("t.example.org", .txt, "\"port=4242\"", long),
        Self.set("t.example.org", .https, "1 . alpn=\"h2,h3\" port=4242 ipv4hint=192.0.2.1"),
      ] {
        try await perform(provider.replace(nil, by: set))
        #expect(try await perform(provider.published(set.name, [set.type])) == [set])
      }
      #expect(try named.dig(RecordName("t.example.org")!, .txt).contains("\"port=4242\""))
    }
  }

  @Test func theSecondOfTwoWritersIsToldAndNothingIsUndone() async throws {
    try await Named.with { named in
      let provider = try RFC2136(named.settings(), Named.context())
      let name = "race.example.org"
      let theirs = Self.set(name, .a, "192.0.2.1")
      try await perform(provider.replace(nil, by: theirs))
      // Both have read that there is nothing.
      await #expect(throws: ProviderError.self) {
        try await perform(provider.replace(nil, by: Self.set(name, .a, "192.0.2.2")))
      }
      #expect(try named.dig(theirs.name, .a) == ["192.0.2.1"])
      await #expect(throws: ProviderError.self) {
        try await perform(
          provider.replace(Self.set(name, .a, "192.0.2.3"), by: Self.set(name, .a, "192.0.2.2")))
      }
      #expect(try named.dig(theirs.name, .a) == ["192.0.2.1"])
    }
  }

  @Test func eachMistakeHasItsOwnSentence() async throws {
    try await Named.with { named in
      let set = Self.set("x.example.org", .a, "192.0.2.1")
      func sentence(
        _ settings: ProviderSettings, late: Int = 0, name: String? = nil, reads: Bool = false
      ) async -> String {
        do {
          let provider = try RFC2136(settings, Named.context(late: late))
          if reads || name != nil {
            let name = RecordName(name ?? "x.example.org")!
            _ = try await perform(provider.published(name, [.a]), within: .seconds(5))
          } else {
            try await perform(provider.replace(nil, by: set), within: .seconds(5))
          }
          return "nothing is wrong"
        } catch {
          return "\(error)"
        }
      }
      let server = "127.0.0.1"
      #expect(
        await sentence(named.settings(name: "nobody"))
          == "\(server) doesn't know the key nobody with hmac-sha256 (BADKEY)")
      #expect(
        await sentence(named.settings(name: "other"))
          == "\(server) has another secret for the key other (BADSIG)")
      for (late, word) in [(1000, "ahead of"), (-1000, "behind")] {
        let said = await sentence(named.settings(), late: late)
        let ends = "that of \(server) (BADTIME): signatures allow 300 s"
        #expect(
          said.hasPrefix("this machine's clock is ") && said.hasSuffix(" \(word) \(ends)"),
          "\(said)")
      }
      #expect(
        await sentence(named.settings(key: nil)).hasPrefix(
          "\(server) refuses the update of x.example.org A"))
      #expect(
        await sentence(named.settings(), name: "alias.example.org").contains(
          "an alias (CNAME) of www.example.org"))
      #expect(
        await sentence(named.settings(), name: "x.example.com").contains("must answer this machine")
      )
      let silent = ProviderSettings(
        type: "rfc2136",
        ["server": .text("127.0.0.1"), "port": .number(1), "zone": .name(Named.zone)])
      #expect(await sentence(silent, reads: true) == "no answer from 127.0.0.1:1")
      let found = try named.dig(set.name, .a)
      #expect(found == [])
    }
  }
}
