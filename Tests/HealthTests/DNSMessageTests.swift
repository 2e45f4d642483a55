import Model
import Testing

@testable import Health

struct DNSMessageTests {
  private static let query: DNSQuery = {
    var dns = Probe.DNS(address: IPAddress("192.0.2.53")!, name: "example.org")
    dns.answer = IPAddress("192.0.2.1")!
    return DNSQuery(identifier: 0x1234, dns: dns)
  }()

  // dig example.org, without EDNS.
  private static let question: [UInt8] =
    [7] + Array("example".utf8) + [3] + Array("org".utf8) + [0, 0, 1, 0, 1]
  private static let request: [UInt8] = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + question
  // Pointer to the question's name, A, IN, TTL 60, 4 bytes.
  private static let record: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]
  private static let answer: [UInt8] =
    [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + question + record

  @Test func questionIsEncodedAsDigDoes() {
    #expect(Self.query.bytes == Self.request)
  }

  @Test func anAnswerIsRead() {
    #expect(Self.query.judge(Self.answer) == good)
    var other = Self.answer
    other[other.count - 1] = 9
    #expect(
      Self.query.judge(other) == .bad("192.0.2.1 is not among the answers: 192.0.2.9"))
  }

  @Test func anAnswerToAnotherQuestionIsIgnored() {
    for place in [0, 1, 13, 25, 26] {
      var other = Self.answer
      other[place] ^= 3
      #expect(Self.query.judge(other) == nil, "byte \(place)")
    }
    #expect(Self.query.judge(Self.request) == nil)
  }

  @Test func caseOfTheNameIsNoDifference() {
    var other = Self.answer
    other[13] = UInt8(ascii: "E")
    #expect(Self.query.judge(other) == good)
  }

  /// For the root, which keepalived asks about by default, it is the whole name.
  @Test(arguments: [(".", [0] as [UInt8]), ("org.", [3] + Array("org".utf8) + [0])])
  func dotAtTheEndIsNoDifference(_ name: String, _ labels: [UInt8]) {
    let query = DNSQuery(
      identifier: 0x1234, dns: Probe.DNS(address: IPAddress("192.0.2.53")!, name: name))
    #expect(query.bytes == [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + labels + [0, 1, 0, 1])
    #expect(
      query.judge([0x12, 0x34, 0x85, 0x80, 0, 1, 0, 0, 0, 0, 0, 0] + labels + [0, 1, 0, 1]) == good)
  }

  @Test func theResponseCodeDecides() {
    var refused = Array(Self.request)
    refused[2] = 0x81
    refused[3] = 0x85
    #expect(Self.query.judge(refused) == .bad("rcode REFUSED, not NOERROR"))
    // It needn't repeat the question either.
    #expect(
      Self.query.judge([0x12, 0x34, 0x81, 0x85, 0, 0, 0, 0, 0, 0, 0, 0])
        == .bad("rcode REFUSED, not NOERROR"))
  }

  @Test func aCutOrChangedMessageIsNeverGoodAndNeverReadBeyondItsEnd() {
    for length in 0..<Self.answer.count {
      let outcome = Self.query.judge(Array(Self.answer.prefix(length)))
      #expect(outcome != good, "the first \(length) bytes")
    }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var bytes = Self.answer
      for _ in 0..<4 {
        bytes[.random(in: 2..<bytes.count, using: &generator)] = .random(in: 0...255)
      }
      _ = Self.query.judge(bytes)
    }
  }

  @Test func aPointerToItselfEnds() {
    var circle = Self.answer
    // The record's name is a pointer to itself.
    circle[Self.request.count + 1] = UInt8(Self.request.count)
    #expect(Self.query.judge(circle) == good)
  }
}
