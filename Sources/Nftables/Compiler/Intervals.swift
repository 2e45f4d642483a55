internal import Addressing

/// Intervals as the kernel's tree takes them: one element where an interval begins, one where the
/// gap after it begins.
enum Intervals {
  /// Converts elements with both bounds, sorted by the lower one.
  ///
  /// `sharesEnds`: leaves out an end where the next interval begins, as nft does in anonymous sets.
  static func halves(
    _ elements: [ElementProgram], sharesEnds: Bool
  ) throws(CompileError) -> [ElementProgram] {
    var halves: [ElementProgram] = []
    halves.reserveCapacity(elements.count * 2 + 1)
    let intervals = elements.filter { $0.keyEnd != nil }
    if let first = intervals.first, first.key.contains(where: { $0 != 0 }) {
      let least = ElementBytes(repeatElement(0, count: first.key.count))
      halves.append(ElementProgram(key: least, flags: ElementFlag.intervalEnd))
    }
    for (index, element) in intervals.enumerated() {
      var start = element
      start.keyEnd = nil
      let next = (element.keyEnd ?? element.key).successor
      let following = index + 1 < intervals.count ? intervals[index + 1].key : nil
      if let following, next == nil || following < next! {
        throw CompileError("two intervals overlap")
      }
      if next == nil { start.userData += UserData.item(1, UInt32(1)) }
      halves.append(start)
      if let next, !sharesEnds || next != following {
        halves.append(ElementProgram(key: next, flags: ElementFlag.intervalEnd))
      }
    }
    return (elements.filter { $0.keyEnd == nil } + halves).sortedByKey()
  }

  /// Merges intervals that touch or overlap, except those that carry more than bounds.
  static func merged(_ elements: [ElementProgram]) -> [ElementProgram] {
    var merged: [ElementProgram] = []
    for element in elements {
      guard let end = element.keyEnd, let last = merged.last, let lastEnd = last.keyEnd,
        last.userData == element.userData, last.timeout == element.timeout,
        last.statements.isEmpty, element.statements.isEmpty,
        lastEnd.successor.map({ $0 >= element.key }) ?? true
      else {
        merged.append(element)
        continue
      }
      if lastEnd < end { merged[merged.count - 1].keyEnd = end }
    }
    return merged
  }
}
