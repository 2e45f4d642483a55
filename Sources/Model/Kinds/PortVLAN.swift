/// VLANs that a port of a bridge, or the bridge itself, is a member of: one, or a range that is alike.
public struct PortVLAN: Hashable, Sendable, Comparable {
  /// 1 to 4094.
  public var first: UInt16
  public var last: UInt16
  /// Whether frames without a tag that come in belong to it.
  public var isPVID: Bool
  /// Whether its frames go out without a tag.
  public var isUntagged: Bool

  public init(_ first: UInt16, _ last: UInt16, isPVID: Bool = false, isUntagged: Bool = false) {
    (self.first, self.last) = (first, last)
    (self.isPVID, self.isUntagged) = (isPVID, isUntagged)
  }

  public static func < (a: Self, b: Self) -> Bool { a.first < b.first }
}

extension [PortVLAN] {
  /// Sorted, and in as few ranges as possible, so that equal memberships are equal lists. The ranges must
  /// not overlap. The PVID is never part of a range.
  public var normalized: [PortVLAN] {
    sorted().reduce(into: []) { list, next in
      if let end = list.last, end.last + 1 == next.first, end.isUntagged == next.isUntagged,
        !end.isPVID, !next.isPVID
      {
        list[list.count - 1].last = next.last
      } else {
        list.append(next)
      }
    }
  }

  /// The VLANs that aren't among the others, whatever their flags are.
  public func subtracting(_ others: [PortVLAN]) -> [PortVLAN] {
    others.reduce(self) { rest, other in
      rest.flatMap { range -> [PortVLAN] in
        guard other.first <= range.last, range.first <= other.last else { return [range] }
        var parts: [PortVLAN] = []
        if range.first < other.first {
          parts.append(PortVLAN(range.first, other.first - 1))
        }
        if other.last < range.last { parts.append(PortVLAN(other.last + 1, range.last)) }
        return parts
      }
    }
  }
}

extension PortVLAN: ValueConvertible {
  public var value: Value {
    var members = [
      Value.Member("vid", first == last ? .integer(Int(first)) : .string("\(first)-\(last)"))
    ]
    if isPVID { members.append(Value.Member("pvid", .bool(true))) }
    if isUntagged { members.append(Value.Member("untagged", .bool(true))) }
    return .members(members)
  }
}
