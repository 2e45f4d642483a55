internal import Addressing

/// The longest common subsequence (Myers: An O(ND) Difference Algorithm).
enum LongestCommonRun {
  /// Pairs of positions, ascending in both; nil matches nothing.
  static func pairs<T: Hashable>(_ old: [T?], _ new: [T?]) -> [(Int, Int)] {
    var start = 0
    while start < old.count, start < new.count, let value = old[start], value == new[start] {
      start += 1
    }
    var end = 0
    while end < old.count - start, end < new.count - start,
      let value = old[old.count - 1 - end], value == new[new.count - 1 - end]
    {
      end += 1
    }
    let head = (0..<start).map { ($0, $0) }
    let tail = (0..<end).reversed().map { (old.count - 1 - $0, new.count - 1 - $0) }
    let middle = middlePairs(
      Array(old[start..<old.count - end]), Array(new[start..<new.count - end]))
    return head + middle.map { ($0.0 + start, $0.1 + start) } + tail
  }

  private static func middlePairs<T: Hashable>(_ old: [T?], _ new: [T?]) -> [(Int, Int)] {
    if old.isEmpty || new.isEmpty { return [] }
    // Numbers compare faster than rules; nil, and whatever the other side lacks, gets a number of
    // its own.
    var numbers: [T: Int] = [:]
    var next = 0
    func number(_ value: T?) -> Int {
      if let value, let found = numbers[value] { return found }
      next += 1
      if let value { numbers[value] = next }
      return next
    }
    let (allA, allB) = (old.map(number), new.map(number))
    // What the other side lacks would cost the most and match nothing.
    let (inA, inB) = (Set(allA), Set(allB))
    let aPlaces = allA.indices.filter { inB.contains(allA[$0]) }
    let bPlaces = allB.indices.filter { inA.contains(allB[$0]) }
    let (a, b) = (aPlaces.map { allA[$0] }, bPlaces.map { allB[$0] })
    var removed = Set<Int>()
    var inserted = Set<Int>()
    for change in b.difference(from: a) {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): inserted.insert(offset)
      }
    }
    return Array(
      zip(
        a.indices.filter { !removed.contains($0) }.map { aPlaces[$0] },
        b.indices.filter { !inserted.contains($0) }.map { bPlaces[$0] }))
  }
}
