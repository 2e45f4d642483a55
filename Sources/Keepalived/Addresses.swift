internal import JSON
internal import Model

/// Addresses in keepalived's notations.
enum Addresses {
  /// The most consecutive addresses that a service of the state file takes.
  static let most = 1024

  /// Why a group's entry has no addresses; the text follows the entry.
  struct Fault: Error {
    let reason: String
  }

  /// `A.B.C.D`, `A.B.C.D-E` (hex in IPv6), `A.B.C.D-E.F.G.H` or `A.B.C.D/LEN`; nil for anything
  /// else. A fault is what keepalived leaves out (`alloc_vsg_entry` in check_data.c).
  static func range(_ text: String) -> Result<[IPAddress], Fault>? {
    if let address = IPAddress(text) { return .success([address]) }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2 {
      guard let address = IPAddress(parts[0]), let length = UInt8(parts[1]), length > 0,
        length <= address.family.width
      else { return nil }
      guard address.masked(length) == address else {
        return .failure(Fault(reason: "has bits behind its mask, which keepalived refuses"))
      }
      let bits = Int(address.family.width - length)
      guard bits <= 10 else { return .failure(tooMany) }
      return .success((0..<(1 << bits)).map(address.advanced))
    }
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard ends.count == 2, let first = IPAddress(ends[0]) else { return nil }
    guard let last = IPAddress(ends[1]) ?? self.last(first, ends[1]), first.family == last.family
    else { return nil }
    guard !(last < first) else { return .failure(Fault(reason: "ends before it begins")) }
    guard let count = first.distance(to: last), count < most else { return .failure(tooMany) }
    return .success((0...count).map(first.advanced))
  }

  private static let tooMany = Fault(reason: "has more than \(most) addresses")

  /// The address that differs from the first one only in its last part.
  private static func last(_ first: IPAddress, _ part: String) -> IPAddress? {
    switch first.family {
    case .inet:
      return UInt8(part).map { IPAddress(v4: first.v4 & ~0xff | UInt32($0)) }
    case .inet6:
      let (high, low) = first.v6
      return UInt16(part, radix: 16).map {
        IPAddress(v6High: high, low: low & ~0xffff | UInt64($0))
      }
    }
  }

  /// Consecutive addresses in their shortest notation.
  static func text(_ first: IPAddress, count: Int) -> String {
    if count == 1 { return first.description }
    let last = first.advanced(count - 1)
    if count & (count - 1) == 0 {
      let length = first.family.width - UInt8(count.trailingZeroBitCount)
      if first.masked(length) == first { return "\(first)/\(length)" }
    }
    return "\(first)-\(last)"
  }

  /// The lengths of the runs in sorted elements; `follows` tells whether a run continues.
  static func rows<Element>(
    _ elements: [Element], follows: (Element, Element) -> Bool
  ) -> [(first: Element, count: Int)] {
    var rows: [(first: Element, count: Int, last: Element)] = []
    for element in elements {
      if let row = rows.last, row.count < most, follows(row.last, element) {
        rows[rows.count - 1].count += 1
        rows[rows.count - 1].last = element
      } else {
        rows.append((element, 1, element))
      }
    }
    return rows.map { ($0.first, $0.count) }
  }

  static func tree(_ addresses: [IPAddress]) -> Tree {
    let texts = rows(Set(addresses).sorted()) { $0.distance(to: $1) == 1 }.map {
      Tree.string(text($0.first, count: $0.count))
    }
    return texts.count == 1 ? texts[0] : .array(texts)
  }
}
