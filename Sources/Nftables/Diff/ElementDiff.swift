internal import Addressing

/// Compares elements by their keys.
enum ElementDiff {
  private struct Key: Hashable {
    let key: ElementBytes
    let keyEnd: ElementBytes?
    let flags: UInt32
  }

  /// Nil if nothing differs. `keepsOthers`: packets added what isn't stated, so it stays.
  static func compare(
    _ observed: SetProgram, _ desired: SetProgram, _ replaced: References, keepsOthers: Bool
  ) -> TableDiff.Elements? {
    let (present, wanted) = (observed.elements.sortedByKey(), desired.elements.sortedByKey())
    var change = TableDiff.Elements(set: desired.name, removed: [], added: [])
    var next = 0
    for index in wanted.indices {
      while next < present.count, present[next] < wanted[index] {
        if !keepsOthers { change.removed.append(present[next].normalized) }
        next += 1
      }
      guard next < present.count, !(wanted[index] < present[next]) else {
        change.added.append(wanted[index])
        continue
      }
      if !present[next].agrees(with: wanted[index])
        || wanted[index].refers(to: replaced, in: desired)
      {
        change.removed.append(present[next].normalized)
        change.added.append(wanted[index])
      }
      next += 1
    }
    if !keepsOthers { change.removed += present[next...].map(\.normalized) }
    if change.removed.isEmpty, change.added.isEmpty { return nil }
    // Both halves of an interval change together: the kernel's tree takes no half alone.
    if desired.flags & (SetFlag.interval | SetFlag.concat) == SetFlag.interval {
      guard let old = units(observed.elements), let new = units(desired.elements) else {
        change.isFlushed = true
        change.removed = []
        change.added = desired.elements
        return change
      }
      let stays = { (start: ElementProgram, unit: [ElementProgram]) in
        !start.refers(to: replaced, in: desired) && old[key(start)] == unit
      }
      change.added = new.filter { !stays($0.value[0], $0.value) }.flatMap(\.value).sortedByKey()
      change.removed = old.filter { found in
        guard let unit = new[found.key] else { return true }
        return !stays(unit[0], unit)
      }.flatMap(\.value).sortedByKey()
    }
    return change
  }

  /// Each interval with both of its ends; nil if two intervals share an end.
  private static func units(_ halves: [ElementProgram]) -> [Key: [ElementProgram]]? {
    var units: [Key: [ElementProgram]] = [:]
    units.reserveCapacity(halves.count / 2 + 1)
    var start: ElementProgram?
    for half in halves.map(\.normalized).sortedByKey() {
      if half.flags & ElementFlag.catchAll != 0 {
        units[key(half)] = [half]
      } else if half.flags & ElementFlag.intervalEnd != 0 {
        if let begun = start {
          units[key(begun)] = [begun, half]
          start = nil
        } else {
          units[key(half)] = [half]
        }
      } else {
        guard start == nil else { return nil }
        start = half
      }
    }
    // The last interval may be open.
    if let start { units[key(start)] = [start] }
    return units
  }

  private static func key(_ element: ElementProgram) -> Key {
    Key(key: element.key, keyEnd: element.keyEnd, flags: element.flags)
  }
}

extension ElementProgram {
  fileprivate func agrees(with other: ElementProgram) -> Bool {
    statements.isEmpty && other.statements.isEmpty ? self == other : normalized == other.normalized
  }
}
