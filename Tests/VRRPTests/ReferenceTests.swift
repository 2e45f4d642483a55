import TestSupport
import Testing

@testable import VRRP

/// `docs/vrrp.md` lists every behaviour and every reason, and no other.
struct ReferenceTests {
  private static let rows: [[String]] = {
    let path = #filePath.dropLast("Tests/VRRPTests/ReferenceTests.swift".count)
    guard let bytes = try? readFile("\(path)docs/vrrp.md") else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("| ") }
      .map { line in
        line.dropFirst(2).dropLast(2).split(separator: " | ").map(String.init)
      }
  }()

  @Test func behavioursAreListed() {
    let listed = Self.rows.drop { $0 != ["behaviour", "from"] }.dropFirst()
    #expect(Array(listed) == Behaviour.all.map { [$0.name, $0.source] })
  }

  @Test func reasonsAreListed() {
    let listed = Self.rows.drop { $0[0] != "reason" }.dropFirst()
      .prefix { $0[0].hasPrefix("`") }.map { $0[0].filter { $0 != "`" } }
    #expect(listed == Discard.Reason.allCases.map(\.name))
  }
}
