import Netlink
import TestSupport
import Testing

/// Names of numbers in iproute2's files.
@Suite struct NameTablesTests {
  private func inDirectory(_ body: (String) throws -> Void) throws {
    try TemporaryDirectory.with { root in
      for directory in ["etc/rt_tables.d", "etc/rt_protos.d", "usr/rt_tables.d"] {
        try sh("mkdir -p \(root)/\(directory)")
      }
      try body(root)
    }
  }

  private func tables(_ root: String) -> NameTables {
    NameTables(in: ["\(root)/etc", "\(root)/usr"])
  }

  @Test func thisMachinesFilesAreRead() {
    #expect(NameTables().tables["main"] == 254)
    #expect(NameTables().protocols["static"] == 4)
    #expect(NameTables().names(in: "group")[0] == "default")
  }

  /// Comments, blanks, hexadecimal numbers, numbers above those that libnl-route lists.
  @Test func linesAreReadAsIproute2ReadsThem() throws {
    try inDirectory { root in
      try writeFile(
        root + "/etc/rt_tables",
        """
        # comment
        255\tlocal

          7   lead # why
        0x20 hexed
        51820 wg
        0xffffff00 high
        14 odd#name
        15 two words
        """)
      try writeFile(root + "/etc/rt_tables.d/more.conf", "16 more\n")
      let found = tables(root).tables
      #expect(
        found == [
          "local": 255, "lead": 7, "hexed": 32, "wg": 51820, "high": 0xffff_ff00, "odd#name": 14,
          "two": 15, "more": 16,
        ])
      // ip(8) takes numbers above 31 bits, but not their names.
      let taken = found.filter { $0.key != "high" }
      let lookups = taken.keys.sorted().map { "ip rule add lookup \($0)" }
      let script = (["mount --bind \(root)/etc /etc/iproute2"] + lookups + ["ip -N rule"])
        .joined(separator: "; ")
      let rules = try Namespace.make().run { try run(["unshare", "-m", "sh", "-ec", script]) }
      #expect(rules.error == "")
      for number in taken.values { #expect(rules.output.contains("from all lookup \(number)")) }
    }
  }

  /// iproute2 stops reading there; names after it count all the same.
  @Test func aBadLineHidesNoOther() throws {
    try inDirectory { root in
      try writeFile(
        root + "/etc/rt_tables",
        "0 unspec\nword noise\n-1 below\n99999999999 beyond\n9\n10 #\n12 behind")
      #expect(tables(root).tables == ["behind": 12])
      #expect(tables(root).names(in: "rt_tables") == [0: "unspec", 12: "behind"])
      #expect(tables(root).protocols == [:])
    }
  }

  /// `rt_tables.d/*.conf`, the machine's before iproute2's.
  @Test func partsInDirectoriesCount() throws {
    try inDirectory { root in
      try writeFile(root + "/usr/rt_tables", "254 main\n9 delivered\n")
      try writeFile(root + "/usr/rt_tables.d/a.conf", "100 hidden\n")
      try writeFile(root + "/usr/rt_tables.d/b.conf", "101 shown\n")
      try writeFile(root + "/etc/rt_tables.d/a.conf", "102 own\n")
      try writeFile(root + "/etc/rt_tables.d/README", "103 prose\n")
      try writeFile(root + "/etc/rt_tables.d/.c.conf", "104 dotted\n")
      try writeFile(root + "/etc/rt_protos.d/vpngw.conf", "118 vpngw\n256 beyond\n")
      #expect(
        tables(root).tables == ["main": 254, "delivered": 9, "shown": 101, "own": 102])
      #expect(tables(root).protocols == ["vpngw": 118])
      // The machine's own file replaces the installed one, and is read anew each time.
      try writeFile(root + "/etc/rt_tables", "5 five\n")
      #expect(tables(root).tables == ["five": 5, "shown": 101, "own": 102])
    }
  }

  @Test func noFilesMeanNoNames() {
    #expect(NameTables(in: ["/nonexistent"]).tables == [:])
    #expect(NameTables(in: ["/nonexistent"]).names(in: "rt_marks") == [:])
  }
}
