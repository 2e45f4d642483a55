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
      change.isFlushed = true
      change.removed = []
      change.added = desired.elements
    }
    return change
  }

  private static func key(_ element: ElementProgram) -> Key {
    Key(key: element.key, keyEnd: element.keyEnd, flags: element.flags)
  }
}
