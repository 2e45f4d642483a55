import Glibc
import Kernel
import Model
import Netlink
import Nftables
import TestSupport
import Testing

/// Recorded messages of the kernel, to be replayed.
final class CapturedDump: NftablesSource {
  private let socket: Socket?
  /// By type, and by how many of that type were requested before.
  var answers: [UInt16: [[[UInt8]]]] = [:]
  private var asked: [UInt16: Int] = [:]

  init() throws { socket = try Socket(.netfilter) }

  init(_ answers: [UInt16: [[[UInt8]]]]) {
    socket = nil
    self.answers = answers
  }

  func dump<T>(
    _ operation: String, _ type: UInt16, _ body: (Batch) -> Void, parse: (Message) -> T?
  ) throws(NetlinkError) -> [T] {
    if let socket {
      var messages: [[UInt8]] = []
      defer { answers[type, default: []].append(messages) }
      return try socket.dump(operation, type, body) { message in
        messages.append(Array(message.payload))
        return parse(message)
      }
    }
    let position = asked[type, default: 0]
    asked[type] = position + 1
    guard let known = answers[type], position < known.count else { return [] }
    return known[position].compactMap { bytes in
      bytes.withUnsafeBytes { parse(Message(type: type, payload: $0)) }
    }
  }
}

/// Whatever a kernel sends doesn't crash us.
@Suite struct DumpMutationTests {
  private static func dumps() throws -> [[UInt16: [[[UInt8]]]]] {
    let texts = try RulesetTests.names.map { try RulesetTests.text($0) }
    let cases = stride(from: 0, to: RuleCase.all.count, by: 23).map { RuleCase.all[$0].ruleset }
    return try Namespace.make().run {
      try (texts + cases).compactMap { text in
        guard try run(["nft", "-f", "-"], input: text).status == 0 else { return nil }
        defer { _ = try? sh("nft flush ruleset") }
        let capture = try CapturedDump()
        let tables = try NftablesListing(capture).tables()
        let again = try NftablesListing(CapturedDump(capture.answers)).tables()
        #expect(again == tables)
        return capture.answers
      }
    }
  }

  @Test func mutatedDumpIsReadOrLeftOut() throws {
    var numbers = MutationTests.Numbers(state: 7)
    var (read, unread, printed) = (0, 0, 0)
    let dumps = try Self.dumps()
    #expect(dumps.count > 50)
    for round in 0..<max(1, MutationTests.rounds / 10) {
      var answers = dumps[round % dumps.count]
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        let type = answers.keys.sorted().randomElement(using: &numbers)!
        guard
          let call = answers[type]!.indices.filter({ !answers[type]![$0].isEmpty })
            .randomElement(using: &numbers)
        else { continue }
        let index = Int.random(in: 0..<answers[type]![call].count, using: &numbers)
        Self.mutate(&answers[type]![call][index], &numbers)
      }
      let tables = try NftablesListing(CapturedDump(answers)).tables()
      for table in tables {
        let decompiler = TableDecompiler(table, link: { _ in nil }, linkName: { _ in nil })
        let (whole, unreadable) = decompiler.table(table)
        read += whole.chains.reduce(0) { $0 + $1.rules.count }
        unread += unreadable.count
        for rule in whole.chains.flatMap(\.rules) { _ = decompiler.text(rule) }
        for rule in table.chains.flatMap(\.rules).prefix(3) {
          printed += decompiler.bytecode(rule).utf8.count
        }
      }
    }
    #expect(read > 1000 && unread > 100 && printed > 100_000)
  }

  /// What the first 200,000 mutations found.
  @Test func bytesFarBehindAnyPacketAreLeftAlone() throws {
    let far = PayloadRange(base: 1, offset: .max, length: 4)
    let set = SetProgram(
      name: "", keyType: 7, keyLength: 4, flags: SetFlag.anonymous | SetFlag.constant, policy: 0,
      fields: [], userData: [], statements: [], elements: [ElementProgram(key: [10, 0, 0, 1])])
    let register = Register(0)
    let table = TableProgram(
      family: .ip, name: "t", flags: 0, userData: [], sets: [], objects: [], chains: [])
    let rule = RuleProgram(
      instructions: [
        .payload(far, register), .lookup(.anonymous(set), register, to: nil, isInverted: false),
      ], userData: [])
    let decompiler = TableDecompiler(table, link: { _ in nil }, linkName: { _ in nil })
    #expect(decompiler.rule(rule) == nil)
  }

  /// Changes bits, bytes or lengths of attributes, cuts, or doubles a part.
  private static func mutate(_ bytes: inout [UInt8], _ numbers: inout MutationTests.Numbers) {
    guard bytes.count > 8 else { return }
    let place = Int.random(in: 4..<bytes.count, using: &numbers)
    switch Int.random(in: 0..<6, using: &numbers) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
    case 1: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &numbers)!
    case 2: bytes[place & ~3] = UInt8.random(in: 0...255, using: &numbers)
    case 3: bytes.removeSubrange(place...)
    case 4:
      let end = min(bytes.count, place + 4 * Int.random(in: 1...8, using: &numbers))
      bytes.insert(contentsOf: bytes[place..<end], at: place & ~3)
    default:
      let end = min(bytes.count, place + 4 * Int.random(in: 1...8, using: &numbers))
      bytes.removeSubrange(place & ~3..<end)
    }
  }
}
