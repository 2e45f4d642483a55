import JSON
import Kernel
import Model
import Netlink
import Nftables
import State
import TestSupport
import Testing

/// Others' rulesets, in nft's language: `Rulesets/NAME.nft`.
@Suite struct RulesetTests {
  private static let folder = String(#filePath.dropLast("RulesetTests.swift".count)) + "Rulesets/"
  static let names = (try? fileNames(in: folder, ending: ".nft")) ?? []

  static func text(_ name: String) throws -> String {
    String(decoding: try readFile(folder + name), as: UTF8.self)
  }

  @Test func thirtyAreThere() { #expect(Self.names.count >= 30) }

  /// What nft loaded in one namespace, we load in another.
  @Test(arguments: names)
  func rulesetIsCarriedOver(_ name: String) throws {
    let (shown, text) = try Namespace.make().run {
      let loaded = try run(["nft", "-f", "-"], input: try Self.text(name))
      if loaded.error.contains("Could not process rule: No such file")
        || loaded.error.contains("Could not process rule: Operation not supported")
      {
        throw UnsupportedHere(description: loaded.error)
      }
      if loaded.status != 0 { throw CommandFailed(description: loaded.error) }
      return (try Self.show(), try sh("nft list ruleset"))
    }
    try Namespace.make().run {
      try Self.apply(shown)
      let differs = difference(Self.normal(text), Self.normal(try sh("nft list ruleset")))
      #expect(differs == "", "\(differs)")
      #expect(try Self.show() == shown)
    }
  }

  /// `vpngw show --all`.
  private static func show() throws -> String {
    let tables = try NftablesKernel().observe().tables.map { program in
      let decompiler = TableDecompiler(
        program, names: .read(), link: linkNumber, linkName: linkName)
      let (table, unreadable) = decompiler.table(program)
      #expect(unreadable == [])
      return table
    }
    return NftablesWriter.tree(tables).text()
  }

  /// `vpngw apply`.
  private static func apply(_ state: String) throws {
    try NftablesKernel().create(try Oracle.compile(try Oracle.read(state)))
  }

  private static func linkNumber(_ name: String) -> UInt32? { name == "lo" ? 1 : nil }
  private static func linkName(_ number: UInt32) -> String? { number == 1 ? "lo" : nil }

  /// Chains, sets and objects are listed as they were made; elements of hash tables in any order.
  private static func normal(_ text: String) -> String {
    var blocks: [[Substring]] = [[]]
    for line in Oracle.withoutExpiry(text).split(separator: "\n") {
      if line.hasPrefix("table ") || line.hasPrefix("\t") && line.hasSuffix(" {") {
        blocks.append([])
      }
      blocks[blocks.count - 1].append(line)
    }
    return blocks.map { lines in
      let isSet = lines.contains { $0.hasPrefix("\t\telements = {") }
      guard isSet else { return lines.joined(separator: "\n") }
      let words = lines.joined(separator: " ").split { " \t,{}".contains($0) }
      return words.sorted().joined(separator: " ")
    }.sorted().joined(separator: "\n")
  }
}
