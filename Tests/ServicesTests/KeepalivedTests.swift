import Glibc
import JSON
import Keepalived
import Model
import Netlink
import State
import TestSupport
import Testing

private let cases = String(#filePath.dropLast("KeepalivedTests.swift".count)) + "Cases/"

/// A configuration in memory.
struct Pages: Files {
  var pages: [String: [UInt8]]

  init(_ pages: [String: String]) { self.pages = pages.mapValues { Array($0.utf8) } }

  func contents(of path: String) -> [UInt8]? { pages[path] }

  func program(called name: String) -> String? {
    ["check", "grep", "pgrep"].contains(name) ? "/usr/bin/\(name)" : nil
  }

  /// A `*` may only be at the end.
  func paths(matching pattern: String) -> [String] {
    pattern.hasSuffix("*")
      ? pages.keys.filter { $0.hasPrefix(pattern.dropLast()) }.sorted()
      : pages.keys.contains(pattern) ? [pattern] : []
  }
}

private func imported(_ text: String, id: String? = nil) throws -> Import {
  try #require(Import("k.conf", id: id, files: Pages(["k.conf": text])))
}

extension Import {
  /// The file that it becomes is one that we accept.
  func desiredState() throws -> DesiredState {
    do throws(Problems) {
      return try StateFile.decode(Array(tree.text().utf8))
    } catch {
      throw CommandFailed(description: "\(error)\n\(tree.text())")
    }
  }

  /// What `ipvsadm -Sn` shows while every server is alive.
  func table() throws -> [String] {
    let desiredState = try desiredState()
    let signals = desiredState.signals.reduce(into: [Signal: Signal.State]()) { $0[$1] = .up }
    return desiredState.expanded(given: signals).ipvsServices.flatMap(\.saved).sorted()
  }
}

extension IPVSService {
  /// In the syntax of `ipvsadm -Sn`.
  fileprivate var saved: [String] {
    var own = "\(id)"
    for (noun, option) in [("tcp ", "-t "), ("udp ", "-u ")] where own.hasPrefix(noun) {
      own = option + own.dropFirst(noun.count)
    }
    if case .mark(let mark, let family) = match {
      own = "-f \(mark)" + (family == .inet ? "" : " -6")
    }
    let names = flags.sorted().map { $0.name(for: scheduler) }
    let persistent = persistence.map { persistence in
      let mask = IPAddress("255.255.255.255")!.masked(UInt8(persistence.prefixLength))
      return " -p \(persistence.timeout.components.seconds)"
        + (family == .inet && persistence.prefixLength < 32 ? " -M \(mask)" : "")
    }
    return [
      "-A \(own) -s \(scheduler)" + (persistent ?? "")
        + (names.isEmpty ? "" : " -b " + names.joined(separator: ","))
    ]
      + destinations.map {
        "-a \(own) -r \($0.id) \($0.forwarding.option) -w \($0.weight)" + $0.forwarding.tunnel
      }
  }
}

extension IPVSDestination.Forwarding {
  fileprivate var option: String {
    switch self {
    case .masquerade: "-m"
    case .direct: "-g"
    case .tunnel: "-i"
    }
  }
  fileprivate var tunnel: String {
    if case .tunnel(.ipip) = self { " --tun-type ipip" } else { "" }
  }
}

@Suite struct KeepalivedTests {
  @Test(arguments: ["seed", "odd", "fronts", "checks", "vrrp", "vmac"])
  func configurationIsThisStateFile(name: String) throws {
    let text = try String(decoding: readFile(cases + name + ".conf"), as: UTF8.self)
    let made = try #require(Import("k.conf", files: Pages(["k.conf": text])))
    _ = try made.desiredState()
    let notes = made.notes.map { "\($0)\n" }.joined()
    if getenv("RECORD") != nil {
      try writeFile(cases + name + ".json", made.tree.text())
      try writeFile(cases + name + ".notes", notes)
    }
    #expect(
      try made.tree.text() == String(decoding: readFile(cases + name + ".json"), as: UTF8.self))
    #expect(try notes == String(decoding: readFile(cases + name + ".notes"), as: UTF8.self))
  }

  /// `seed.ipvs` is what keepalived 2.2.7 built from it (`testbeds/run import --vm`).
  @Test func seedsTableIsKeepalivedsLineByLine() throws {
    let text = try String(decoding: readFile(cases + "seed.conf"), as: UTF8.self)
    let theirs = try String(decoding: readFile(cases + "seed.ipvs"), as: UTF8.self)
    let ours = try imported(text).table()
    #expect(ours.count == 82 + 80 * 16 + 2 * 3)
    #expect(ours == theirs.split(separator: "\n").map { $0.trimming }.sorted())
  }

  /// `fronts.ipvs` is what keepalived 2.2.7 built from it, on Debian's kernel.
  @Test func frontsAreKeepalivedsLineByLine() throws {
    let text = try String(decoding: readFile(cases + "fronts.conf"), as: UTF8.self)
    let theirs = try String(decoding: readFile(cases + "fronts.ipvs"), as: UTF8.self)
    #expect(
      try imported(text).table() == theirs.split(separator: "\n").map { $0.trimming }.sorted())
  }

  @Test(arguments: ["seed", "odd", "vrrp", "vmac"])
  func keepalivedTakesTheCasesItself(name: String) throws {
    guard access("/usr/sbin/keepalived", X_OK) == 0 else {
      try Test.cancel("keepalived is missing")
    }
    try Namespace.make().run {
      for link in ["vpn-r-veth0", "vpn-gw-veth0", "eth0", "eth1", "eth2", "eth3"] {
        try sh("ip link add \(link) type bridge")
      }
      let tested = try run(["/usr/sbin/keepalived", "-t", "-f", cases + name + ".conf"])
      #expect(tested.status == 0, "\(tested.error)\(tested.output)")
    }
  }

  // MARK: - The language

  private func servers(_ text: String, id: String? = nil) throws -> [String] {
    let text = "virtual_server 10.0.0.1 80 {\n protocol TCP\n\(text)\n}\n"
    return try imported(text, id: id).table().filter { $0.hasPrefix("-a ") }.map {
      String($0.dropFirst("-a -t 10.0.0.1:80 -r ".count))
    }
  }

  @Test func parametersAreReplacedWhereTheyStand() throws {
    let lines = """
      $A=10.1.${B}
      $B=2
      real_server ${A}.1 80 {
      }
      $B=3
      real_server ${A}.1 80 {
      }
      real_server 10.9.9.9 80 { # $A
        weight 7 ! ${B}
      }
      """
    #expect(
      try servers(lines) == ["10.1.2.1:80 -m -w 1", "10.1.3.1:80 -m -w 1", "10.9.9.9:80 -m -w 7"])
  }

  @Test func definitionsOfManyLinesAreReplacedByThem() throws {
    let lines = "$RS= \\\nreal_server 10.1.1.${N} 80 { \\\n weight ${N} \\\n}\n$N=4\n$RS\n$N=5\n$RS"
    #expect(try servers(lines) == ["10.1.1.4:80 -m -w 4", "10.1.1.5:80 -m -w 5"])
  }

  @Test(
    arguments: [
      (nil, ["10.1.1.2:80 -m -w 1"]), ("main", ["10.1.1.1:80 -m -w 1"]),
      ("other", ["10.1.1.2:80 -m -w 1"]),
    ] as [(String?, [String])])
  func conditionsAreOfTheConfigurationsID(id: String?, expected: [String]) throws {
    let lines = "@main real_server 10.1.1.1 80 { }\n@^main real_server 10.1.1.2 80 { }"
    #expect(try servers(lines, id: id) == expected)
  }

  @Test func sequencesAreWrittenOut() throws {
    #expect(
      try servers("~SEQ(N, 1, 2, 5) real_server 10.1.1.${N} 80 { }").map { $0.prefix(8) }
        == ["10.1.1.1", "10.1.1.3", "10.1.1.5"])
    #expect(
      try servers("~SEQ(N, 3, -1, 2) ~SEQ(M, 1) real_server 10.1.${N}.${M} 80 { }").count == 2)
  }

  @Test func groupsHaveAddressesRangesAndMarks() throws {
    let text = """
      virtual_server group g {
        protocol TCP
        real_server 10.2.0.1 8080 { }
      }
      virtual_server_group g {
        192.168.1.10-12 80
        192.168.1.254-192.168.2.1 80
        10.3.0.0/30 81
        fwmark 5
      }
      """
    let table = try imported(text).table().filter { $0.hasPrefix("-A ") }
    #expect(table.count == 3 + 4 + 4 + 1)
    for line in ["-t 192.168.1.12:80", "-t 192.168.2.1:80", "-t 10.3.0.0:81", "-f 5"] {
      #expect(table.contains("-A \(line) -s wlc"))
    }
  }

  @Test func secondVirtualServerOfAnAddressIsNamed() throws {
    let one = "virtual_server 10.0.0.1 80 {\n protocol TCP\n real_server 10.1.1.1 80 { }\n}\n"
    let made = try imported(one + one)
    #expect(try made.table().count == 2)
    #expect(
      made.notes.map(\.description)
        == ["k.conf:5: tcp 10.0.0.1:80 has a virtual server already: left out"])
  }

  @Test func includedFilesAreReadFromWhereTheyAre() throws {
    let files = Pages([
      "/etc/k/k.conf": "include conf.d/*\n", "/etc/k/conf.d/a": "include ../b.conf\n$P=80\n",
      "/etc/k/conf.d/../b.conf": "$IP=10.0.0.1\n",
      "/etc/k/conf.d/c":
        "virtual_server $IP $P {\n protocol TCP\n real_server 10.1.1.1 80 { }\n}\n",
    ])
    let made = try #require(Import("/etc/k/k.conf", files: files))
    #expect(made.notes.isEmpty)
    #expect(try made.table().count == 2)
    #expect(Import("/etc/k/none", files: files) == nil)
  }

  @Test func whatIsNotCarriedOverIsNamedWithItsPlace() throws {
    let made = try imported(
      "vrrp_instance a {\n}\nbfd_instance b {\n}\nvirtual_server 10.0.0.1 80 {\n protocol TCP\n"
        + " quorum_up /bin/true\n real_server 10.0.0.2 80 {\n notify_up x\n FILE_CHECK {\n }\n }\n}\n"
    )
    #expect(made.notes.map(\.location.line) == [1, 3, 7, 9, 10])
    #expect(made.notes.allSatisfy { $0.description.hasPrefix("k.conf:") })
  }

  // MARK: - What nobody should write

  @Test(arguments: [
    "$A=$A\n$A", "$A=${B} ${B}\n$B=${A} ${A}\nvirtual_server ${A}", "include k.conf",
    "$A= \\\n$A \\\n$A \\\n\n$A\n$A", String(repeating: "a {\n", count: 10_000),
    String(repeating: "}\n", count: 1000), "~SEQ(A, 0, 0, 9) x",
    "~SEQ(A, -99999999999, 99999999) x",
    "~SEQ(A, 1, 60000) ~SEQ(B, 1, 60000) x ${A} ${B}", "{", "virtual_server", "$A= \\",
    "virtual_server group {\n}", "virtual_server fwmark {\n}", "\"",
    "virtual_server_group g {\n{\n}",
    "virtual_server 0.0.0.0/0 1 {\n}", "virtual_server ::1-ffff 1 {\n real_server ::1 1 { }\n}",
  ])
  func endlessOrBrokenTextEnds(text: String) throws {
    let made = try imported(text)
    #expect(!made.notes.isEmpty)
    _ = try made.desiredState()
  }

  @Test func noTextHoweverBrokenCrashes() throws {
    var generator = SplitMix64(0x6b65_6570)
    let seed = try readFile(cases + "odd.conf")
    let fragments = [
      "{", "}", "\n", "$A=", "$A", "${", "~SEQ(A, 1, 3) ", "@x ", "\\", "\"", "'", "!",
      "include k.conf\n",
      "99999999999999999999", "-1", "0", "::", "fwmark", "real_server 10.0.0.1 1 {\n",
      "255.255.255.255",
      "url {\n", "1.5", "\0", "é",
    ].map { Array($0.utf8) }
    for _ in 0..<300 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...5, using: &generator) {
        let start = Int.random(in: 0...bytes.count, using: &generator)
        let end = min(bytes.count, start + Int.random(in: 0...12, using: &generator))
        bytes.replaceSubrange(start..<end, with: fragments.randomElement(using: &generator)!)
      }
      var files = Pages([:])
      files.pages["k.conf"] = bytes
      let made = try #require(Import("k.conf", files: files))
      _ = try made.desiredState()
    }
  }
}

extension Substring {
  fileprivate var trimming: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
