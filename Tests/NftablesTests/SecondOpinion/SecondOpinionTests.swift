import Model
import Nftables
import TestSupport
import Testing

@testable import Kernel
@testable import Netlink

/// libnftnl, which nft is built on, writes the same bytes as we do.
@Suite struct SecondOpinionTests {
  /// Compared as trees of attributes, each level sorted by type: the kernel reads them into a
  /// table, so their order means nothing. Lists keep their order, and values must be equal to the
  /// byte.
  @Test func everyPartIsEncodedAsLibnftnlEncodesIt() throws {
    var asked = Asked()
    var count = 0
    for (text, program) in try Self.programs() + Self.written {
      let ours = Self.requests(program)
      let opinion = NftnlMessages(program)
      #expect(opinion.refused.isEmpty, "libnftnl can't be told: \(opinion.refused)\n\(text)")
      asked.add(program)
      count += ours.count
      let left = opinion.messages.flatMap(\.lines).joined(separator: "\n")
      let right = ours.flatMap(\.lines).joined(separator: "\n")
      if left != right {
        Issue.record("libnftnl writes otherwise:\n\(difference(left, right))\n\(text)")
      }
    }
    #expect(count > 3000)
    try asked.expectEverything()
  }

  /// What we send to load it.
  private static func requests(_ program: TableProgram) -> [NetlinkRequest] {
    let batch = Batch()
    var encoder = NftablesEncoder(batch, family: program.family, table: program.name, nextID: 1)
    encoder.load(program)
    return Messages(UnsafeRawBufferPointer(start: batch.base, count: batch.count)).map {
      NetlinkRequest(type: $0.type, payload: $0.payload)
    }
  }

  // MARK: - What is compared

  /// All rulesets and all cases of rules, as the kernel holds them once nft has loaded them.
  private static func programs() throws -> [(text: String, program: TableProgram)] {
    let rulesets = try RulesetTests.names.map { try RulesetTests.text($0) }
    var cases = RuleCase.all + RuleCase.unreadable
    if isDebian { cases += RuleCase.file("debian") }
    return try Namespace.make().run {
      var programs: [(text: String, program: TableProgram)] = []
      func load(_ text: String) throws -> Bool {
        let loaded = try run(["nft", "-f", "-"], input: text)
        // This machine's kernel lacks it; then nothing of it is there.
        guard loaded.status == 0, !loaded.error.contains("Could not process rule") else {
          return false
        }
        programs += try NftablesKernel().observe().tables.map { (text, $0) }
        try sh("nft flush ruleset")
        return true
      }
      for text in rulesets + [Rulesets.routerText] { _ = try load(text) }
      for start in stride(from: 0, to: cases.count, by: 50) {
        // Each case has a table of its own.
        let texts = cases[start..<min(start + 50, cases.count)].enumerated().map { index, example in
          example.ruleset.replacing(
            "table \(example.family) t {", with: "table \(example.family) t\(index) {")
        }
        if try load(texts.joined(separator: "\n")) { continue }
        for text in texts { _ = try load(text) }
      }
      return programs
    }
  }

  /// Instructions with every optional attribute stated, and those that this kernel lacks.
  private static let instructions: [Instruction] = [
    .ct(0, direction: 1, Register(5)), .ctSet(19, direction: 0, Register(0)),
    .exthdr(
      OptionRange(operation: 3, type: 7, offset: 1, length: 2), flags: 1, Register(15)),
    .exthdrWrite(OptionRange(operation: 1, type: 2, offset: 2, length: 2), Register(1)),
    .exthdrReset(254), .socket(3, level: 2, Register(8)), .osf(ttl: 2, flags: 1, Register(4)),
    .xfrm(2, direction: 1, number: 3, Register(0)), .last, .notrack,
    .hash(Hash(source: Register(4), length: 12, modulus: 7, seed: 0x1234, offset: 5), Register(1)),
    .hash(Hash(modulus: 7, offset: 0), Register(0)),
    .numgen(isRandom: true, modulus: 3, offset: 9, Register(2)),
    .connectionLimit(20, isOver: true),
    .limit(Nftables.Limit(rate: 5, per: 60, burst: 3, isBytes: true, isOver: true)),
    .quota(Nftables.Quota(bytes: 1 << 40, used: 77, isOver: true)),
    .log(Log(prefix: "it's: ", group: 3, snaplen: 80, threshold: 4, level: nil, flags: 0)),
    .log(Log(level: 7, flags: 0x1f)),
    .nat(
      NAT(
        isDestination: true, family: 10, addressMin: Register(0), addressMax: Register(4),
        portMin: Register(8), portMax: Register(9), flags: 0x4)),
    .masquerade(flags: 8, Register(0), Register(1)), .redirect(flags: 8, nil, nil),
    .tproxy(family: 2, address: Register(0), port: Register(1)),
    .synproxy(Nftables.Synproxy(mss: 1460, wscale: 7, flags: [.timestamp, .sackPerm])),
    .dup(address: Register(0), device: Register(4)),
    .fwd(device: Register(0), address: Register(4), family: 10), .flowOffload("f"),
    .queue(first: 1, total: 5, flags: 3, nil), .queue(first: 0, total: 0, flags: 1, Register(3)),
    .object(type: 7, name: "slow"), .objectLookup(.named("objects"), Register(2)),
    .dynset(
      Dynset(
        set: .named("s"), operation: 2, key: Register(0), data: Register(4), timeout: 1 << 33,
        statements: [.counter(packets: 1, bytes: 1 << 34), .connectionLimit(3, isOver: false)])),
    .verdict(.jump("there")), .verdict(.goto("there")), .verdict(.return), .verdict(.continue),
  ]

  /// What nft 1.0.6 can't express, or this kernel can't hold.
  private static var written: [(text: String, program: TableProgram)] {
    var table = TableProgram(
      family: .inet, name: "t", flags: 1, userData: UserData.item(0, Array("why\0".utf8)),
      sets: [], objects: [], chains: [])
    table.chains = [
      ChainProgram(
        name: "c", userData: UserData.item(0, Array("why\0".utf8)),
        rules: [RuleProgram(instructions: instructions, userData: [])])
    ]
    table.objects = [
      ObjectProgram(name: "context", content: .secmark("system_u:object_r:x_t:s0"), userData: []),
      ObjectProgram(
        name: "expected",
        content: .ctExpectation(
          protocol: .tcp, l3proto: .ip6, port: 9876, timeout: 60_000, size: 12),
        userData: UserData.item(0, Array("why\0".utf8))),
    ]
    table.sets = [
      SetProgram(
        name: "s", keyType: 7 << 6 | 13, keyLength: 8, data: .value(type: 19, length: 4),
        flags: SetFlag.map | SetFlag.interval | SetFlag.concat | SetFlag.timeout, timeout: 5000,
        gcInterval: 2000, size: 99, policy: 1, fields: [4, 2], userData: UserData.item(0, 2),
        statements: [.counter(packets: 0, bytes: 0), .last],
        elements: [
          ElementProgram(
            key: [10, 0, 0, 1, 0, 80, 0, 0], keyEnd: [10, 0, 0, 9, 0, 81, 0, 0],
            data: .value([0, 0, 0, 7]), timeout: 1 << 34,
            userData: UserData.item(0, Array("why\0".utf8)),
            statements: [.counter(packets: 9, bytes: 1 << 35), .last]),
          ElementProgram(key: [], data: .value([0, 0, 0, 8]), flags: ElementFlag.catchAll),
        ]),
      SetProgram(
        name: "v", keyType: 13, keyLength: 2, data: .verdict, flags: SetFlag.map, policy: 0,
        fields: [], userData: [], statements: [.connectionLimit(2, isOver: true)],
        elements: [ElementProgram(key: [0, 22], data: .verdict(.goto("c")))]),
      SetProgram(
        name: "o", keyType: 13, keyLength: 2, data: .object(1), flags: SetFlag.object, policy: 0,
        fields: [], userData: [], statements: [],
        elements: [ElementProgram(key: [0, 22], data: .object("hits"))]),
    ]
    table.flowtables = [
      Nftables.Flowtable(
        name: "f", priority: -5, devices: ["lo", "eth0"], flags: [.offload, .counter])
    ]
    return [("written by hand", table)]
  }
}

/// The cases that libnftnl was asked about.
private struct Asked {
  private var instructions: Set<String> = []
  private var objects: Set<String> = []

  mutating func add(_ program: TableProgram) {
    for object in program.objects { objects.insert(Self.name(object.content)) }
    for set in program.sets { add(set) }
    for rule in program.chains.flatMap(\.rules) { add(rule.instructions) }
  }

  private mutating func add(_ set: SetProgram) {
    add(set.statements)
    for element in set.elements { add(element.statements) }
  }

  private mutating func add(_ instructions: [Instruction]) {
    for instruction in instructions {
      self.instructions.insert(Self.name(instruction))
      for set in instruction.anonymousSets { add(set) }
      if case .dynset(let dynset) = instruction { add(dynset.statements) }
    }
  }

  private static func name(_ value: Any) -> String {
    Mirror(reflecting: value).children.first?.label ?? "\(value)"
  }

  /// Why libnftnl can't be asked about these.
  private static let exempt = ["opaque": "it is the kernel's own bytes, sent back as they came"]

  func expectEverything() throws {
    let missing = try Self.cases(of: "indirect enum Instruction", in: "Bytecode/Instruction.swift")
      .subtracting(instructions).subtracting(Self.exempt.keys)
    #expect(missing.isEmpty, "libnftnl was never asked about \(missing.sorted())")
    let missingObjects = try Self.cases(of: "enum Content", in: "Language/Object.swift")
      .subtracting(objects)
    #expect(missingObjects.isEmpty, "libnftnl was never asked about \(missingObjects.sorted())")
  }

  /// Swift can't list the cases of an enumeration with values: they are read from its source.
  private static func cases(of head: String, in path: String) throws -> Set<String> {
    let root = #filePath.split(separator: "/Tests/NftablesTests/")[0]
    let source = String(
      decoding: try readFile("\(root)/Sources/Nftables/\(path)"), as: UTF8.self)
    let body = try #require(source.split(separator: head, maxSplits: 1).last)
    var names: Set<String> = []
    for line in body.split(separator: "\n").dropFirst() {
      let line = line.drop { $0 == " " }
      if line == "}" { break }
      if line.hasPrefix("case ") { names.insert(String(line.dropFirst(5).prefix { $0.isLetter })) }
    }
    #expect(names.count > 5)
    return names
  }
}
