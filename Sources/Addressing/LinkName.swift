/// A network interface's name: what the kernel's `dev_valid_name` accepts.
public struct LinkName: Hashable, Sendable {
  public let text: String

  /// Nil unless 1 to 15 bytes without slash, colon or white space, and neither `.` nor `..`.
  public init?(_ text: String) {
    let bytes = text.utf8
    guard (1...15).contains(bytes.count), text != ".", text != "..",
      bytes.allSatisfy({
        $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":")
      })
    else { return nil }
    self.text = text
  }

  public static let loopback = LinkName("lo")!
}

extension LinkName: Comparable, CustomStringConvertible {
  public static func < (a: LinkName, b: LinkName) -> Bool { a.text < b.text }
  public var description: String { text }
}
