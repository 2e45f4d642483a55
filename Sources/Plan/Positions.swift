import Model

/// The positions of observed objects by identity; where several share one, ours, or else the first,
/// which is the one in force.
struct Positions<R: Resource> {
  private let observed: [R]
  /// Nil if the objects are sorted, as the kernel mostly lists routes: sorted desired objects are
  /// then found one after another, without a table.
  private let table: [R.ID: Int]?
  private var next = 0

  init(_ observed: [R]) {
    self.observed = observed
    let isAscending = observed.indices.dropFirst().allSatisfy {
      observed[$0 - 1].id < observed[$0].id
    }
    table =
      isAscending
      ? nil
      : Dictionary(
        zip(observed.lazy.map(\.id), observed.indices),
        uniquingKeysWith: { observed[$0].isOwned ? $0 : observed[$1].isOwned ? $1 : $0 })
  }

  mutating func position(of id: R.ID) -> Int? {
    if let table { return table[id] }
    if next == observed.count || observed[next].id != id { next = firstPosition(notBefore: id) }
    guard next < observed.count, observed[next].id == id else { return nil }
    next += 1
    return next - 1
  }

  private func firstPosition(notBefore id: R.ID) -> Int {
    var (low, high) = (0, observed.count)
    while low < high {
      let middle = (low + high) / 2
      if observed[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
