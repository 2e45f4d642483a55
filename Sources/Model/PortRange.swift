/// One port, or a range of ports: `53` or `"6881-6889"`.
public struct PortRange: Hashable, Sendable {
  public let first: UInt16
  public let last: UInt16

  /// Nil when `last` is below `first`.
  public init?(_ first: UInt16, _ last: UInt16) {
    guard first <= last else { return nil }
    self.first = first
    self.last = last
  }
}

extension PortRange: Comparable {
  public static func < (a: PortRange, b: PortRange) -> Bool {
    (a.first, a.last) < (b.first, b.last)
  }
}

extension PortRange: LosslessStringConvertible, ValueConvertible {
  public init?(_ text: String) {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { part -> UInt16? in
      guard !part.isEmpty, part.utf8.allSatisfy({ $0 &- 48 < 10 }), part == "0" || part.first != "0"
      else { return nil }
      return UInt16(part)
    }
    guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1] else { return nil }
    self.init(first, last)
  }

  public var description: String { first == last ? String(first) : "\(first)-\(last)" }
  public var value: Value { first == last ? .integer(Int(first)) : .string(description) }
}
