import TestSupport
import Testing

/// `docs/nftables.md` claims only what rules show that are compared with nft's.
@Suite struct ReferenceTests {
  private static let examples: [String] = {
    let path = #filePath.dropLast("Tests/NftablesTests/ReferenceTests.swift".count)
    guard let bytes = try? readFile("\(path)docs/nftables.md") else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("| ") }.dropFirst().flatMap { line in
        let cell = line.dropLast().replacing("\\|", with: "or").split(separator: "|").last ?? ""
        return cell.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }
          .map { String($0.element) }
      }
  }()

  private static let rulesets: [String] = {
    let cases = RuleCase.all + RuleCase.unreadable + RuleCase.file("debian")
    return cases.map(\.ruleset) + RulesetTests.names.compactMap { try? RulesetTests.text($0) }
  }()

  @Test(arguments: examples)
  func exampleStandsInARuleThatIsHeldAgainstNft(_ example: String) {
    #expect(Self.rulesets.contains { $0.contains(example) })
  }

  /// What the issue asks for, and how many there are.
  @Test func fourHundredRulesAreComparedAndMore() {
    let cases = RuleCase.all + RuleCase.unreadable + RuleCase.file("debian")
    let families = Set(cases.map(\.family))
    print("\(cases.count) rules over \(families.count) families are held against nft")
    #expect(cases.count >= 400)
    #expect(families == ["ip", "ip6", "inet", "arp", "bridge", "netdev"])
    #expect(Self.examples.count > 50)
  }
}
