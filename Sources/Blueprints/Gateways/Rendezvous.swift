import Model

/// Assigns buckets to candidates by highest random weight (Thaler and Ravishankar, 1998), none of
/// them getting more than a fair share.
///
/// A candidate's score for a bucket is a hash of both and of the seed. A candidate of weight w has
/// w scores, of which the highest counts, so that its chance is exactly w out of the sum of all
/// weights. A bucket goes to the highest score, but a candidate that has its share passes it on to
/// the next: otherwise one of four sometimes gets 5 % too many of 4,096. The buckets of an absent
/// candidate are distributed in the same way, as a group of their own, among the others; buckets of
/// present candidates never move. The result depends on who is named and who is present, never on
/// the past.
struct Rendezvous {
  let weights: [Int]
  private let bucketCount: Int
  /// Bucket by bucket.
  private let scores: [UInt64]

  init(_ candidates: [(name: String, weight: Int)], buckets: Int, seed: UInt32) {
    weights = candidates.map(\.weight)
    bucketCount = buckets
    let names = candidates.map { Self.mixed(Self.hash($0.name) ^ UInt64(seed)) }
    var scores: [UInt64] = []
    scores.reserveCapacity(buckets * names.count)
    for bucket in 0..<buckets {
      for (name, weight) in zip(names, weights) {
        let both = Self.mixed(name &+ UInt64(bucket))
        scores.append((0..<weight).reduce(0) { max($0, Self.mixed(both &+ UInt64($1))) })
      }
    }
    self.scores = scores
  }

  /// The position of each bucket's candidate; nil if no candidate with a weight is present.
  func choices(isPresent: [Bool]) -> [Int]? {
    guard weights.indices.contains(where: { isPresent[$0] && weights[$0] > 0 }) else { return nil }
    var choices = [Int](repeating: 0, count: bucketCount)
    fill(
      Array(0..<bucketCount), among: weights.indices.filter { weights[$0] > 0 }, isPresent,
      &choices)
    return choices
  }

  private func fill(
    _ group: [Int], among open: [Int], _ isPresent: [Bool], _ choices: inout [Int]
  ) {
    let total = open.reduce(0) { $0 + weights[$1] }
    var room = open.map { group.count * weights[$0] / total }
    var rooms = room.reduce(0, +)
    var taken = open.map { _ in [Int]() }
    for bucket in group {
      if rooms == 0 {
        // Distribute the remainder, at most one to each.
        for position in room.indices { room[position] = 1 }
        rooms = room.count
      }
      let row = bucket * weights.count
      var best = -1
      for position in room.indices where room[position] > 0 {
        if best < 0 || scores[row + open[position]] > scores[row + open[best]] { best = position }
      }
      room[best] -= 1
      rooms -= 1
      taken[best].append(bucket)
    }
    for (position, candidate) in open.enumerated() where !taken[position].isEmpty {
      if isPresent[candidate] {
        for bucket in taken[position] { choices[bucket] = candidate }
      } else {
        fill(taken[position], among: open.filter { $0 != candidate }, isPresent, &choices)
      }
    }
  }

  /// FNV-1a, 64 bits.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// The last step of SplitMix64 (Steele, Lea and Flood, 2014).
  private static func mixed(_ value: UInt64) -> UInt64 {
    var value = value &+ 0x9e37_79b9_7f4a_7c15
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
