import Model
import Nftables

extension Gateways {
  /// What leaves gets the mark of its gateway here, or none and goes nowhere.
  func balancing(_ used: [Bool]) -> [Nftables.Chain] {
    switch egress.balance {
    case .ecmp:
      let mark = UInt64(numbers.mark + Numbers.multipath)
      return [.called("leaving", [[.mangle(.mark, .number(mark))]])]
    case .consistent(let buckets):
      return pinning + [.called("hash", hash(buckets) + [[.count(.noGateway)]])]
    case .single:
      let rule = single(used).map { index -> [Nftables.Statement] in
        [.mangle(.mark, .number(UInt64(mark(index))))]
      }
      return pinning + [.called("hash", [rule ?? [.count(.noGateway)]])]
    }
  }

  /// Keeps a flow at its gateway when another returns, by a map of our own from the flow's hash.
  ///
  /// Conntrack can't: the answers don't pass here, so to it each segment after the first is of no
  /// connection, and no mark comes back (nft's own `ct mark` pins UDP and moves a quarter of TCP). A
  /// pin to a gateway that isn't up is not honoured: TCP is reset at once by the remote, UDP moves.
  private var pinning: [Nftables.Chain] {
    let ported = leavingFamilies.map { ($0, key: fiveTuple($0, modulus: .max)) }
    return [
      .called(
        "leaving",
        [
          [.match(.notEqual, .meta("l4proto"), .ported), .verdict(.goto("hash"))],
          // A port that is used again starts anew.
          [.isFirstSegment, .verdict(.goto("repin"))],
        ]
          + pinLookups()
          + [
            [.match(.mark, in: "up"), .verdict(.goto("keep"))],
            [.verdict(.goto("repin"))],
          ]),
      .called(
        "repin",
        [[.mangle(.mark, .number(0))], [.verdict(.jump("hash"))]]
          // "update" refreshes what is there, and never changes where it leads.
          + ported.map { family, key in
            [family.isIt, .update(.delete, set: "pin", Nftables.Element(key, data: .mark))]
          }
          + [[.match(.notEqual, .mark, .number(0)), .verdict(.goto("hold"))]]),
      .called(
        "keep",
        ported.map { _, key in [.match(key, in: "fresh"), .verdict(.return)] }
          + [[.verdict(.goto("hold"))]]),
      .called(
        "hold",
        ported.map { family, key in
          [
            family.isIt,
            // Without a token, or a place for its client, a flow isn't pinned.
            .update(
              .update, set: family.named("clients"),
              Nftables.Element(family.saddr, statements: [.limit(Self.pinRate)])),
            .update(.update, set: "pin", Nftables.Element(key, data: .mark)),
            .update(.update, set: "fresh", Nftables.Element(key)),
          ]
        }),
    ]
  }

  /// A pin lasts from ten to twelve minutes after its flow's last packet: it is renewed every two, and
  /// each time that takes a token of its client's. So of tokens that come within a pin's time, and those
  /// that were saved before, follows how many pins a client holds at most: 1,984 + 720 * 20 = 16,384, a
  /// sixteenth of all. nftables can't count elements by client.
  func pinSets() -> [Nftables.NamedSet] {
    guard isPinning else { return [] }
    func remembering(_ set: Nftables.NamedSet, _ size: UInt32, seconds: UInt64)
      -> Nftables.NamedSet
    {
      var set = set
      set.flags = [.dynamic, .timeout]
      set.size = size
      set.timeout = seconds * 1000
      return set
    }
    var fresh = numbered("fresh", modulus: .max)
    fresh.data = nil
    return [
      remembering(numbered("pin", modulus: .max), 262_144, seconds: 720),
      remembering(fresh, 262_144, seconds: 120),
    ]
      + leavingFamilies.map {
        remembering(
          Nftables.NamedSet(name: $0.named("clients"), key: .types([$0.addressType])), 65_536,
          seconds: 720)
      }
  }

  private static let pinRate = Nftables.Limit(rate: 20, per: 1, burst: 1984)

  func pinLookups() -> [[Nftables.Statement]] {
    leavingFamilies.map {
      [.mangle(.mark, .map(key: fiveTuple($0, modulus: .max), data: .reference("pin")))]
    }
  }

  private func hash(_ buckets: UInt32) -> [[Nftables.Statement]] {
    leavingFamilies.flatMap { family -> [[Nftables.Statement]] in
      // In one expression: a bucket without a gateway leaves no bucket's number in the mark.
      [(fiveTuple(family, modulus: buckets), [.isPorted]), (pair(family, modulus: buckets), [])]
        .map { key, condition in
          condition + [
            .mangle(.mark, .map(key: key, data: .reference("egress"))), .verdict(.return),
          ]
        }
    }
  }

  private func fiveTuple(_ family: Family, modulus: UInt32) -> Nftables.Expression {
    jhash(
      [
        family.saddr, family.daddr, .meta("l4proto"), .payload(protocol: "th", field: "sport"),
        .payload(protocol: "th", field: "dport"),
      ], modulus)
  }

  /// Of what has no ports: ICMP, GRE, ESP.
  private func pair(_ family: Family, modulus: UInt32) -> Nftables.Expression {
    jhash([family.saddr, family.daddr, .meta("l4proto")], modulus)
  }

  private func jhash(_ parts: [Nftables.Expression], _ modulus: UInt32) -> Nftables.Expression {
    .jhash(.concat(parts), modulus: modulus, seed: egress.seed, offset: 0)
  }
}
