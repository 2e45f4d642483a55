import JSON
import Kernel
import Model
import Netlink
import Nftables
import State
import TestSupport
import Testing

/// A rule as people write it in JSON, which nft prints differently: `Cases/written.txt`.
struct WrittenCase: CustomTestStringConvertible, Sendable {
  let family: String
  let statements: String

  var testDescription: String { "\(family): \(statements)" }

  /// What `nft -j -f` takes.
  var json: String {
    """
    [{"table": {"family": "\(family)", "name": "t"}},
     {"chain": {"family": "\(family)", "table": "t", "name": "c", "type": "\(kind)",
       "hook": "\(kind == "nat" ? "output" : "forward")", "prio": 0}},
     {"rule": {"family": "\(family)", "table": "t", "chain": "c", "expr": [\(statements)]}}]
    """
  }

  private var kind: String { statements.contains("dnat") ? "nat" : "filter" }

  static let all: [WrittenCase] = {
    let folder = #filePath.dropLast("WrittenTests.swift".count)
    guard let bytes = try? readFile("\(folder)Cases/written.txt") else {
      fatalError("Cases/written.txt can't be read")
    }
    var family = ""
    var cases: [WrittenCase] = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      if line.hasPrefix("[") {
        family = String(line.dropFirst().dropLast())
      } else if !line.hasPrefix("#") {
        cases.append(WrittenCase(family: family, statements: String(line)))
      }
    }
    return cases
  }()
}

@Suite struct WrittenTests {
  /// Compiles to nft's bytecode; and what we loaded is shown in a form that loads the same again.
  @Test(arguments: WrittenCase.all)
  func ruleLoadsAsByNft(_ example: WrittenCase) throws {
    let theirs = try Namespace.make().run {
      try sh("nft -j -f -", input: "{\"nftables\": \(example.json)}")
      return try Oracle.list()
    }
    let program = try Oracle.compile(try Oracle.read(example.json))[0]
    try Namespace.make().run {
      let kernel = try NftablesKernel()
      try kernel.create([program])
      let ours = try Oracle.list()
      #expect(difference(theirs.debug, ours.debug) == "")
      try expectHeldAsWritten(program, kernel)
    }
  }
}

extension WrittenTests {
  /// Shifts of constants, which crash nft 1.0.6; each compiles as if computed by hand.
  @Test(arguments: [
    (#"{"<<": [3, 8]}"#, 0x300), (#"{">>": ["0xf00", 8]}"#, 0xf),
    (#"{"|": [1, {"<<": [1, 4]}]}"#, 0x11), (#"{"<<": ["0xff000000", 4]}"#, 0xf000_0000),
    (#"{"&": [{"^": [{"|": [1, 2, 4]}, 2]}, {"<<": [5, 0]}]}"#, 5),
  ])
  func constantsAreFolded(_ written: String, _ value: Int) throws {
    for statement in [
      #"{"mangle": {"key": {"meta": {"key": "mark"}}, "value": VALUE}}"#,
      #"{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": VALUE}}"#,
      #"{"match": {"op": "!=", "left": {"ct": {"key": "mark"}}, "right": {"set": [VALUE]}}}"#,
      #"{"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": {"range": [0, VALUE]}}}"#,
    ] {
      func compiled(_ value: String) throws -> [TableProgram] {
        let example = WrittenCase(
          family: "ip", statements: statement.replacing("VALUE", with: value))
        return try Oracle.compile(try Oracle.read(example.json))
      }
      #expect(try compiled(written) == compiled("\(value)"), "\(statement)")
    }
  }

  @Test(arguments: [
    (#"{"<<": [1, 32]}"#, "a shift by 32 leaves nothing"),
    (#"{"|": ["0x1ffffffff", 1]}"#, "doesn't fit the 32 bits"),
    (#"{"&": ["eth0", 1]}"#, "is not a mark"),
  ])
  func constantsThatCannotBeFoldedAreReported(_ written: String, _ message: String) throws {
    let example = WrittenCase(
      family: "ip",
      statements: #"{"mangle": {"key": {"meta": {"key": "mark"}}, "value": \#(written)}}"#)
    let faults = #expect(throws: TableCompiler.Faults.self) {
      try Oracle.compile(try Oracle.read(example.json))
    }
    #expect(faults?.description.contains(message) ?? false, "\(faults?.description ?? "")")
  }
}

/// The kernel holds what was wanted, and what is shown of it compiles to the same.
func expectHeldAsWritten(
  _ program: TableProgram, _ kernel: NftablesKernel, _ location: SourceLocation = #_sourceLocation
) throws {
  let observed = try kernel.observe().tables[0]
  func diff(to wanted: TableProgram) -> TableDiff {
    TableDiff(family: wanted.family, table: wanted.name, from: observed, to: wanted)
  }
  #expect(diff(to: program).isEmpty, sourceLocation: location)
  let (shown, unreadable) = TableDecompiler(
    observed, names: .read(), link: { $0 == "lo" ? 1 : nil }, linkName: { $0 == 1 ? "lo" : nil }
  ).table(observed)
  #expect(unreadable == [], sourceLocation: location)
  let json = NftablesWriter.tree([shown]).text()
  let again = try Oracle.compile(try Oracle.read(json))[0]
  #expect(diff(to: again).isEmpty, "\(json)", sourceLocation: location)
}
