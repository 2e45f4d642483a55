import Model
import Testing

@testable import Health

struct STUNTests {
  private static let transaction: [UInt8] = [
    0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
  ]
  private static let query = STUNQuery(transaction: transaction)
  private static let software: [UInt8] =
    [0x80, 0x22, 0x00, 0x0b] + Array("test vector".utf8) + [0x20]

  // RFC 5769, 2.2.
  private static let ipv4: [UInt8] =
    [0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42] + transaction + software
    + [0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]
    + [0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3]
    + [0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7]
    + [0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96]

  // RFC 5769, 2.3.
  private static let ipv6: [UInt8] =
    [0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42] + transaction + software
    + [0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47]
    + [0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79]
    + [0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9]
    + [0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1]
    + [0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41]
    + [0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c]

  @Test func requestIsABindingRequestWithoutAttributes() {
    #expect(Self.query.bytes == [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42] + Self.transaction)
    #expect(STUNQuery().transaction.count == 12)
    #expect(STUNQuery().transaction != STUNQuery().transaction)
  }

  @Test func answersOfTheRFCAreRead() {
    #expect(Self.query.read(Self.ipv4) == .address(IPAddress("192.0.2.1")!))
    #expect(
      Self.query.read(Self.ipv6)
        == .address(IPAddress("2001:db8:1234:5678:11:2233:4455:6677")!))
  }

  @Test func anAnswerToAnotherRequestIsIgnored() {
    for place in [0, 1, 4, 7, 8, 19] {
      var other = Self.ipv4
      other[place] ^= 1
      #expect(Self.query.read(other) == nil, "byte \(place)")
    }
    #expect(Self.query.read(Self.query.bytes) == nil)
  }

  @Test func anErrorIsShown() {
    let reason = Array("Bad Request!".utf8)
    let error: [UInt8] =
      [1, 0x11, 0, 20, 0x21, 0x12, 0xa4, 0x42] + Self.transaction + [0, 9, 0, 16, 0, 0, 4, 0]
      + reason
    #expect(Self.query.read(error) == .refused("error 400 \"Bad Request!\""))
  }

  @Test func aCutOrChangedMessageIsNeverReadBeyondItsEnd() {
    for length in 0..<Self.ipv4.count {
      let answer = Self.query.read(Array(Self.ipv4.prefix(length)))
      #expect(answer == nil || answer == .refused("a malformed answer"), "\(length) bytes")
    }
    for _ in 0..<20_000 {
      var bytes = Bool.random() ? Self.ipv4 : Self.ipv6
      for _ in 0..<4 { bytes[.random(in: 20..<bytes.count)] = .random(in: 0...255) }
      _ = Self.query.read(bytes)
    }
  }
}
