internal import Model

/// Elements by key.
enum ElementDiff {
  private struct Key: Hashable {
    let key: [UInt8]
    let keyEnd: [UInt8]?
    let flags: UInt32
  }

  /// Nil when there is nothing to do.
  static func compare(
    _ observed: SetProgram, _ desired: SetProgram, _ replaced: References
  ) -> TableDiff.Elements? {
    var present: [Key: ElementProgram] = [:]
    present.reserveCapacity(observed.elements.count)
    for element in observed.elements { present[key(element)] = element.settled }
    var change = TableDiff.Elements(set: desired.name, removed: [], added: [])
    for element in desired.elements {
      guard let found = present.removeValue(forKey: key(element)) else {
        change.added.append(element)
        continue
      }
      if found != element.settled || element.refers(to: replaced, in: desired) {
        change.removed.append(found)
        change.added.append(element)
      }
    }
    // What packets have added stays.
    if desired.flags & SetFlag.dynamic == 0 {
      change.removed += observed.elements.filter { present[key($0)] != nil }
    }
    if change.removed.isEmpty, change.added.isEmpty { return nil }
    change.removed.sort()
    // Halves of intervals change together: the kernel's tree takes no half alone.
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
      change.added = new.filter { !stays($0.value[0], $0.value) }.flatMap(\.value).sorted()
      change.removed = old.filter { found in
        guard let unit = new[found.key] else { return true }
        return !stays(unit[0], unit)
      }.flatMap(\.value).sorted()
    }
    return change
  }

  /// Each interval with both of its ends; nil where one begins as another ends, and shares its end.
  private static func units(_ halves: [ElementProgram]) -> [Key: [ElementProgram]]? {
    var units: [Key: [ElementProgram]] = [:]
    units.reserveCapacity(halves.count / 2 + 1)
    var start: ElementProgram?
    for half in halves.map(\.settled).sorted() {
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
    // The last may have no end.
    if let start { units[key(start)] = [start] }
    return units
  }

  private static func key(_ element: ElementProgram) -> Key {
    Key(key: element.key, keyEnd: element.keyEnd, flags: element.flags)
  }
}
