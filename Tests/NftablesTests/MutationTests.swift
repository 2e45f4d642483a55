import Glibc
import JSON
import Kernel
import Model
import Netlink
import Nftables
import State
import TestSupport
import Testing

/// Nothing that is read crashes us, and nothing is read as something else.
@Suite struct MutationTests {
  /// The same numbers each time (xorshift64).
  struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  /// How many rounds: `NFTABLES_MUTATIONS`.
  static let rounds = getenv("NFTABLES_MUTATIONS").flatMap { Int(String(cString: $0)) } ?? 20_000

  private static func documents() throws -> [String] {
    try Namespace.make().run {
      try stride(from: 0, to: RuleCase.all.count, by: 7).compactMap { index in
        let loaded = try run(["nft", "-f", "-"], input: RuleCase.all[index].ruleset)
        guard loaded.status == 0 else { return nil }
        defer { _ = try? sh("nft flush ruleset") }
        return try sh("nft -j list ruleset")
      }
    }
  }

  private static let words = [
    "null", "true", "-1", "0", "4294967296", "\"\"", "\"@x\"", "\"*\"", "[]", "{}", "[1, 2]",
    "\"ip\"", "\"10.0.0.1\"", "\"tcp\"", "{\"set\": []}", "{\"range\": [5, 1]}",
    "{\"prefix\": {\"addr\": \"10.0.0.0\", \"len\": 200}}", "{\"meta\": {\"key\": \"mark\"}}",
    "{\"payload\": {\"protocol\": \"ip\", \"field\": \"dscp\"}}",
    "{\"payload\": {\"base\": \"nh\", \"offset\": 3, \"len\": 61}}",
    "{\"concat\": [{\"meta\": {\"key\": \"iifname\"}}, 5]}", "{\"|\": [1, 2]}", "\"match\"",
    "{\"<<\": [{\"meta\": {\"key\": \"mark\"}}, 99]}",
  ]

  @Test func mutatedDocumentIsReadOrRefused() throws {
    var numbers = Numbers(state: 0x9e37_79b9_7f4a_7c15)
    var compiled = 0
    let documents = try Self.documents()
    for round in 0..<Self.rounds {
      var parts = documents[round % documents.count].split(
        separator: " ", omittingEmptySubsequences: false
      ).map(String.init)
      for _ in 0..<Int.random(in: 1...2, using: &numbers) {
        let place = Int.random(in: 0..<parts.count, using: &numbers)
        let tail = parts[place].reversed().prefix { ",]}".contains($0) }.reversed()
        if Bool.random(using: &numbers) {
          parts[place] = Self.words.randomElement(using: &numbers)! + tail
        } else {
          parts[place] = parts.randomElement(using: &numbers)!
        }
      }
      guard let document = try? Document(Array(parts.joined(separator: " ").utf8)) else { continue }
      let tables = NftablesReader.read(
        document.root["nftables"] ?? document.root, at: Pointer(), into: Problems())
      for table in tables {
        if case .success = TableCompiler.compile(table, link: { _ in nil }) { compiled += 1 }
      }
      withExtendedLifetime(document) {}
    }
    #expect(compiled > 1000)
  }

  @Test func mutatedRuleIsReadOrLeftAlone() throws {
    var numbers = Numbers(state: 42)
    var tables: [TableProgram] = []
    for document in try Self.documents() { tables += try Oracle.compile(try Oracle.read(document)) }
    let all = tables.flatMap(\.chains).flatMap(\.rules).flatMap(\.instructions)
    var read = 0
    for round in 0..<Self.rounds {
      let table = tables[round % tables.count]
      guard var rule = table.chains.flatMap(\.rules).first else { continue }
      for _ in 0..<Int.random(in: 1...3, using: &numbers) {
        let place = Int.random(in: 0...rule.instructions.count, using: &numbers)
        if place < rule.instructions.count, Bool.random(using: &numbers) {
          rule.instructions.remove(at: place)
        } else {
          rule.instructions.insert(all.randomElement(using: &numbers)!, at: place)
        }
      }
      let decompiler = TableDecompiler(table, link: { _ in nil }, linkName: { _ in nil })
      if let found = decompiler.rule(rule) {
        read += 1
        _ = decompiler.text(found)
      }
    }
    #expect(read > 1000)
  }
}
