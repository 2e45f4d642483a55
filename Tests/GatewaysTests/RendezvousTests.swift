import Testing

@testable import Blueprints

@Suite struct RendezvousTests {
  private static func choices(
    _ weights: [Int], buckets: Int = 4096, seed: UInt32 = 0xdead_beef, present: [Bool]? = nil
  ) -> [Int]? {
    Rendezvous(
      weights.enumerated().map { ("gw\($0)", $1) }, buckets: buckets, seed: seed
    ).choices(isPresent: present ?? weights.map { _ in true })
  }

  private static func counts(_ choices: [Int], of candidates: Int) -> [Int] {
    choices.reduce(into: [Int](repeating: 0, count: candidates)) { $0[$1] += 1 }
  }

  private static func sets(of count: Int) -> [[Bool]] {
    (1..<(1 << count)).map { bits in (0..<count).map { bits >> $0 & 1 == 1 } }
  }

  @Test(arguments: [0xdead_beef, 1, 0xffff_ffff] as [UInt32])
  func whoeverIsLeftOfEightHasAnEvenShare(seed: UInt32) {
    let eight = Rendezvous((0..<8).map { ("gw\($0)", 1) }, buckets: 4096, seed: seed)
    for present in Self.sets(of: 8) {
      let choices = eight.choices(isPresent: present)!
      let even = 4096 / Double(present.count { $0 })
      for (index, count) in Self.counts(choices, of: 8).enumerated() {
        if !present[index] {
          #expect(count == 0)
        } else {
          #expect(abs(Double(count) / even - 1) <= 0.05, "\(present): \(count) of \(even)")
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 5, 21, 33, 64])
  func anyNumberHasEvenShares(_ count: Int) throws {
    let counts = Self.counts(
      try #require(Self.choices(Array(repeating: 1, count: count))), of: count)
    #expect(counts.allSatisfy { ($0 - 4096 / count) / 2 == 0 }, "\(counts)")
  }

  /// The same, backwards, when it returns: it gets back what it had.
  @Test func onlyTheSharesOfTheDeadMove() {
    let five = Rendezvous(
      [("a", 1), ("b", 2), ("c", 1), ("d", 3), ("e", 1)], buckets: 1024, seed: 7)
    for before in Self.sets(of: 5) {
      let had = five.choices(isPresent: before)!
      for dead in before.indices where before[dead] {
        var after = before
        after[dead] = false
        guard let have = five.choices(isPresent: after) else { continue }
        for (old, new) in zip(had, have) where old != dead { #expect(old == new) }
        #expect(!have.contains(dead))
      }
    }
  }

  @Test func sharesFollowWeights() throws {
    let counts = Self.counts(try #require(Self.choices([1, 2, 5, 0])), of: 4)
    for (count, share) in zip(counts, [512, 1024, 2560, 0]) { #expect(abs(count - share) <= 2) }
    // With one of them absent as well, whose share nobody took.
    let left = Self.counts(
      try #require(Self.choices([1, 2, 5, 0], present: [true, true, false, true])), of: 4)
    for (count, share) in zip(left, [1365, 2731, 0, 0]) { #expect(abs(count - share) <= 10) }
  }

  @Test func withoutPresentCandidatesThereIsNoChoice() {
    #expect(Self.choices([1, 1], present: [false, false]) == nil)
    #expect(Self.choices([0, 1], present: [true, false]) == nil)
  }

  @Test func namesDecideAndNotTheirPositions() {
    let names = ["oslo", "lima", "baku", "kobe"]
    let one = Rendezvous(names.map { ($0, 1) }, buckets: 4096, seed: 1)
    let other = Rendezvous(names.reversed().map { ($0, 1) }, buckets: 4096, seed: 1)
    let all = Array(repeating: true, count: 4)
    #expect(
      one.choices(isPresent: all)!.map { names[$0] }
        == other.choices(isPresent: all)!.map { names[3 - $0] })
  }

  /// A fifth of the 4,096 buckets is its own share.
  @Test func aFifthMemberMovesLittleMoreThanItsShare() throws {
    let four = try #require(Self.choices([1, 1, 1, 1]))
    let five = try #require(Self.choices([1, 1, 1, 1, 1]))
    let moved = zip(four, five).count { $0 != $1 }
    #expect(moved >= 819 && moved <= 1024, "\(moved)")
  }

  /// Two versions of vpngw on two routers must agree: changing this changes where flows go.
  @Test func choicesAreTheSameForEver() throws {
    let choices = try #require(Self.choices([1, 1, 1, 1]))
    #expect(choices.prefix(24).map(String.init).joined() == "202320323333012000330033")
    let sum = choices.reduce(0 as UInt64) { ($0 &* 31) &+ UInt64($1) }
    #expect(sum == 12_678_227_882_054_669_134)
  }
}
