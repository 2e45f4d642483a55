internal import JSON
internal import Model

enum PortVLANKey: Int, ObjectKey {
  case vid, pvid, untagged

  static let names = spelledNames()
  static let example = "{ \"vid\": 10, \"pvid\": true, \"untagged\": true }"
}

extension ObjectReader<LinkKey> {
  /// The VLANs of a bridge or of a port of one.
  mutating func vlans(of link: Link) -> [PortVLAN]? {
    if has(.vlans), link.bridge == nil, !has(.master) {
      refuse(.vlans, "\"vlans\" is for bridges and their ports: this link has no \"master\"")
    }
    var vlans: [PortVLAN] = []
    var problems: [(index: Int, message: String)] = []
    let count = each(.vlans, of: "VLAN") { (vlan: inout ObjectReader<PortVLANKey>, index) in
      guard let next = vlan.portVLAN() else { return }
      if let other = vlans.first(where: { $0.first <= next.last && next.first <= $0.last }) {
        problems.append((index, "overlaps with \(other.numbers)"))
      } else if next.isPVID, let other = vlans.first(where: \.isPVID) {
        problems.append((index, "\(other.numbers) is the \"pvid\" already"))
      } else {
        vlans.append(next)
      }
    }
    for (index, message) in problems { report(.vlans, index, message) }
    return count == nil ? nil : vlans.normalized
  }
}

extension ObjectReader<PortVLANKey> {
  fileprivate mutating func portVLAN() -> PortVLAN? {
    let range = required(.vid, VIDForm())
    let isPVID = optional(.pvid, .bool) ?? false
    let isUntagged = optional(.untagged, .bool) ?? false
    guard let range else { return nil }
    if isPVID, range.count > 1 {
      report(.pvid, "frames without a tag belong to one VLAN, not to a range")
      return nil
    }
    return PortVLAN(
      range.lowerBound, range.upperBound, isPVID: isPVID, isUntagged: isUntagged)
  }
}

extension PortVLAN {
  fileprivate var numbers: String { first == last ? "\(first)" : "\(first)-\(last)" }
}

/// A VLAN's number, or a range of them.
private struct VIDForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> ClosedRange<UInt16> {
    let what = "an integer from 1 to 4094, or a range such as \"100-199\""
    if let text = value.string {
      let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
      guard ends.count == 2, let first = ends[0], let last = ends[1], 1 <= first, first < last,
        last <= 4094
      else { throw Mismatch(value, mustBe: what) }
      return first...last
    }
    guard let number = value.integer.flatMap(UInt16.init(exactly:)), (1...4094).contains(number)
    else { throw Mismatch(value, mustBe: what) }
    return number...number
  }
}
