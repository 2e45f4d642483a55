import Testing

@testable import Netlink

/// Even what the kernel never sends must not crash us.
@Suite struct RobustnessTests {
  @Test func noBytesCrashTheReader() {
    var random = UInt64(7)
    func next() -> UInt64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return random >> 33
    }
    var read = 0
    for _ in 0..<200_000 {
      var bytes = (0..<Int(next() % 96)).map { _ in UInt8(truncatingIfNeeded: next()) }
      // Half of them have nearly correct lengths.
      if bytes.count >= 24, next() & 1 == 0 {
        bytes.replaceSubrange(0..<4, with: [UInt8(bytes.count), 0, 0, 0])
        bytes.replaceSubrange(16..<18, with: [UInt8(next() % 32), 0])
      }
      bytes.withUnsafeBytes { buffer in
        for message in Messages(buffer) {
          _ = (message.link, message.address, message.route, message.rule, message.neighbor)
          _ = (message.nexthop, message.errorCode, message.kernelText)
          for length in [0, 8, 12, 16] {
            for attribute in message.attributes(after: length) {
              _ = (attribute.uint8, attribute.uint16, attribute.uint32, attribute.uint64)
              _ = (attribute.string, attribute.multipathHops.count)
              for nested in attribute.nested { read += nested.payload.count }
              read += 1
            }
          }
        }
      }
    }
    #expect(read > 1000)
  }
}
