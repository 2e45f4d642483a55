import Glibc
import JSON
import Kernel
import Model
import Netlink
import Nftables
import State
import TestSupport
import Testing

/// What names mean on a machine, as nft(8) reads them.
@Suite struct NamesTests {
  private static func rule(_ left: String, _ right: String, _ op: String = "==") -> String {
    """
    [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}},
     {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [
       {"match": {"op": "\(op)", "left": \(left), "right": \(right)}}]}}]
    """
  }

  /// Compares the bytecode of nft, in that time zone, with ours.
  private func same(_ json: String, zone: String = "UTC", offset: Int = 0) throws {
    let theirs = try Namespace.make().run { () -> [TableProgram] in
      let loaded = try run(
        ["env", "TZ=\(zone)", "nft", "-j", "-f", "-"], input: "{\"nftables\": \(json)}")
      if loaded.status != 0 { throw CommandFailed(description: loaded.error) }
      return try NftablesKernel().observe().tables
    }
    var names = MachineNames.read()
    names.utcOffset = { _ in offset }
    let ours = try Oracle.read(json).map { table in
      try TableCompiler.compile(table, names: names, link: { _ in nil }).get()
    }
    #expect(ours.map(\.normalized) == theirs.map(\.normalized))
    for table in theirs {
      let decompiler = TableDecompiler(
        table, names: names, link: { _ in nil }, linkName: { _ in nil })
      #expect(decompiler.table(table).unreadable == [])
    }
  }

  @Test(arguments: [
    (#"{"payload": {"protocol": "tcp", "field": "dport"}}"#, #""ssh""#),
    (#"{"payload": {"protocol": "udp", "field": "dport"}}"#, #"{"set": ["domain", "ntp"]}"#),
    (#"{"meta": {"key": "skuid"}}"#, #""root""#), (#"{"meta": {"key": "skuid"}}"#, #""daemon""#),
    (#"{"meta": {"key": "skgid"}}"#, #"{"set": ["root", "daemon"]}"#),
    (#"{"rt": {"key": "classid"}}"#, #""cosmos""#),
    (#"{"meta": {"key": "iifgroup"}}"#, #""default""#),
    (#"{"payload": {"protocol": "ip", "field": "dscp"}}"#, #""cs1""#),
  ])
  func nameMeansWhatNftTakesItFor(_ left: String, _ right: String) throws {
    try same(Self.rule(left, right))
  }

  @Test(arguments: [("America/Phoenix", -7 * 3600), ("Asia/Kolkata", 19800), ("UTC", 0)])
  func timesAreLocal(_ zone: String, _ offset: Int) throws {
    let hour = #"{"meta": {"key": "hour"}}"#
    for time in [#""10:00""#, #""20:30:05""#, #""00:00""#, #"{"range": ["09:00", "10:30"]}"#] {
      try same(Self.rule(hour, time), zone: zone, offset: offset)
    }
    try same(
      Self.rule(#"{"meta": {"key": "time"}}"#, #""2022-01-31 12:00:00""#, ">"), zone: zone,
      offset: offset)
  }

  @Test func theMachinesTimeZoneIsUsed() {
    var time = Glibc.time(nil)
    var local = tm()
    localtime_r(&time, &local)
    #expect(MachineNames.read().utcOffset(nil) == local.tm_gmtoff)
  }

  // MARK: - Commands

  @Test func addCommandsStateWhatIsToExist() throws {
    let plain = try Oracle.read(Self.rule(#"{"meta": {"key": "mark"}}"#, "5"))
    let added = try Oracle.read(
      """
      [{"metainfo": {"json_schema_version": 1}}, {"add": {"table": {"family": "ip", "name": "t"}}},
       {"add": {"chain": {"family": "ip", "table": "t", "name": "c"}}},
       {"add": {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [
         {"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": 5}}]}}}]
      """)
    #expect(plain == added)
  }

  @Test(arguments: [
    "create", "insert", "replace", "delete", "destroy", "rename", "flush", "list", "reset",
  ])
  func commandIsRefusedWithAdvice(_ command: String) throws {
    let document = try Document(Array("[{\"\(command)\": {\"ruleset\": null}}]".utf8))
    let problems = Problems()
    #expect(NftablesReader.read(document.root, at: Pointer(), into: problems).isEmpty)
    withExtendedLifetime(document) {}
    #expect(problems.list.count == 1)
    #expect(problems.list[0].hasPrefix("/0/\(command): a command: "), "\(problems.list[0])")
  }

  /// What isn't supported is never silently dropped.
  @Test(arguments: [
    #"{"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"xt": {"type": "match", "name": "comment"}}]}}"#,
    #"{"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"match": {"op": "==", "left": {"tunnel": {"key": "id"}}, "right": 1}}]}}"#,
    #"{"tunnel": {"family": "ip", "table": "t", "name": "x"}}"#,
  ])
  func unsupportedIsNamedWithItsPlace(_ entry: String) throws {
    let document = try Document(
      Array(
        """
        [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}, \(entry)]
        """.utf8))
    let problems = Problems()
    _ = NftablesReader.read(document.root, at: Pointer(), into: problems)
    withExtendedLifetime(document) {}
    #expect(problems.list.count == 1)
    #expect(problems.list.first?.hasPrefix("/2/") == true)
    #expect(problems.list.first?.contains("support") == true, "\(problems.list)")
  }
}
