/// A domain name in lower case, without a final dot; empty for the root.
public struct RecordName: Hashable, Sendable {
  public let text: String

  /// Nil unless the text is a name by RFC 1035, 2.3.4: labels of 1 to 63 bytes, 253 in all. Labels have
  /// letters, digits, `-` and `_`; the first may be `*`.
  public init?(_ text: String) {
    var bytes = Array(text.utf8)
    if bytes.last == UInt8(ascii: "."), bytes.count > 1 { bytes.removeLast() }
    guard (1...253).contains(bytes.count) else { return nil }
    if bytes == [UInt8(ascii: ".")] {
      self.text = ""
      return
    }
    let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    for (index, label) in labels.enumerated() {
      guard (1...63).contains(label.count) else { return nil }
      if index == 0, Array(label) == [UInt8(ascii: "*")] { continue }
      guard label.allSatisfy(Self.isAllowed), label.first != UInt8(ascii: "-"),
        label.last != UInt8(ascii: "-")
      else { return nil }
    }
    self.text = String(decoding: bytes, as: UTF8.self).lowercased()
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  public var labels: [String] { text.split(separator: ".").map(String.init) }

  /// Whether it is the zone's apex or a name below it.
  public func isIn(_ zone: RecordName) -> Bool {
    zone.text.isEmpty || self == zone || text.hasSuffix("." + zone.text)
  }

  /// The part before the zone's name: `vpn` for vpn.example.org in example.org, empty at its apex;
  /// nil outside of the zone.
  public func relative(to zone: RecordName) -> String? {
    guard isIn(zone) else { return nil }
    if self == zone { return "" }
    return zone.text.isEmpty ? text : String(text.dropLast(zone.text.count + 1))
  }
}

extension RecordName: Comparable, CustomStringConvertible {
  public var description: String { text.isEmpty ? "." : text }

  public static func < (a: RecordName, b: RecordName) -> Bool { a.text < b.text }
}
