internal import JSON
internal import Model

/// Consecutive addresses: a single one, a first and a last one, or a whole prefix.
struct AddressRange: Hashable, Sendable {
  let first: IPAddress
  let count: Int

  /// The most that a service may have.
  static let mostAddresses = 1024

  var family: Family { first.family }
  var addresses: [IPAddress] { (0..<count).map(first.advanced) }
}

extension AddressRange: CustomStringConvertible {
  /// `192.0.2.1-192.0.2.9`.
  var description: String { count == 1 ? "\(first)" : "\(first)-\(first.advanced(count - 1))" }
}

struct AddressRangeForm: Form {
  private static let what =
    "an address, a range such as \"192.0.2.1-192.0.2.9\", or a prefix such as \"192.0.2.0/28\", "
    + "which stands for all of its addresses"

  func read(_ value: JSON.Value) throws(Mismatch) -> AddressRange {
    guard let text = value.string else { throw Mismatch(value, mustBe: Self.what) }
    let range = try range(text)
    guard range.count <= AddressRange.mostAddresses else {
      throw Mismatch("\(quoted(text)) has more than \(AddressRange.mostAddresses) addresses")
    }
    for address in [range.first, range.first.advanced(range.count - 1)]
    where address.isUnspecified || address.isMulticast {
      throw Mismatch("\"\(address)\" is \(address.nature), which no machine has")
    }
    return range
  }

  private func range(_ text: String) throws(Mismatch) -> AddressRange {
    if text.utf8.contains(UInt8(ascii: "/")) {
      let prefix = try TextForm<Prefix>.selector.parse(text)
      let bits = Int(prefix.family.width - prefix.length)
      return AddressRange(first: prefix.address, count: 1 << min(bits, 20))
    }
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard ends.count == 2 else {
      guard let address = IPAddress(text) else {
        throw Mismatch("\(quoted(text)) is not \(Self.what)")
      }
      return AddressRange(first: address, count: 1)
    }
    guard let first = IPAddress(ends[0]), let last = IPAddress(ends[1]) else {
      throw Mismatch("\(quoted(text)) is not \(Self.what)")
    }
    guard first.family == last.family else {
      throw Mismatch("\(quoted(text)) begins and ends in different families")
    }
    guard first < last else {
      throw Mismatch(
        first == last
          ? "\(quoted(text)) is a single address: write \"\(first)\""
          : "\(quoted(text)) is upside down: write \"\(last)-\(first)\"")
    }
    return AddressRange(first: first, count: first.distance(to: last).map { $0 + 1 } ?? .max)
  }
}

extension Form where Self == AddressRangeForm {
  static var addressRange: AddressRangeForm { AddressRangeForm() }
}
