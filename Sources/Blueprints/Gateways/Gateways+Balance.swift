import Model
import Nftables

extension Gateways.Group {
  /// Gives each outgoing packet the mark of its gateway; a packet without one goes nowhere.
  func balancing(_ use: Gateways.Use) -> [Nftables.Chain] {
    switch egress.balance {
    case .ecmp:
      let mark = UInt64(numbers.mark + Gateways.Numbers.multipath)
      return [.called(own("leaving"), [[.mangle(.mark, .number(mark))]])]
    case .consistent(let buckets):
      return pinning + [.called(own("hash"), hash(buckets) + [[noGateway]])]
    case .single:
      let rule = use.leading.first.map { index -> [Nftables.Statement] in
        [.mangle(.mark, .number(markNumber(index)))]
      }
      return pinning + [.called(own("hash"), [rule ?? [noGateway]])]
    }
  }

  private var noGateway: Nftables.Statement {
    .object(kind: .counter, name: .symbol(own(Gateways.Drop.noGateway.rawValue)))
  }

  /// Keeps a flow on its gateway when another gateway returns, in a map of our own, by the flow's
  /// hash.
  ///
  /// Conntrack can't do it: the answers don't pass this router, so each segment after the first
  /// belongs to no connection for it, and no mark is restored (nft's own `ct mark` pins UDP and
  /// moves a quarter of TCP). A pin to a gateway that isn't up is ignored: the remote resets TCP at
  /// once, and UDP moves.
  private var pinning: [Nftables.Chain] {
    let ported = leavingFamilies.map { ($0, key: fiveTuple($0, modulus: .max)) }
    return [
      .called(
        own("leaving"),
        [
          [.match(.notEqual, .meta("l4proto"), .ported), .verdict(.goto(own("hash")))],
          // A reused port starts a new flow.
          [.isFirstSegment, .verdict(.goto(own("repin")))],
        ]
          + pinLookups()
          + [
            [.match(.mark, in: own("up")), .verdict(.goto(own("keep")))],
            [.verdict(.goto(own("repin")))],
          ]),
      .called(
        own("repin"),
        [[.mangle(.mark, .number(0))], [.verdict(.jump(own("hash")))]]
          // "update" refreshes an existing pin, and never changes its gateway.
          + ported.map { family, key in
            [family.isIt, .update(.delete, set: own("pin"), Nftables.Element(key, data: .mark))]
          }
          + [[.match(.notEqual, .mark, .number(0)), .verdict(.goto(own("hold")))]]),
      .called(
        own("keep"),
        ported.map { _, key in [.match(key, in: own("fresh")), .verdict(.return)] }
          + [[.verdict(.goto(own("hold")))]]),
      .called(
        own("hold"),
        ported.map { family, key in
          [
            family.isIt,
            // A flow is pinned only if its client has a token left and a place in the limiter.
            .update(
              .update, set: own(family.named("clients")),
              Nftables.Element(family.saddr, statements: [.limit(Self.pinRate)])),
            .update(.update, set: own("pin"), Nftables.Element(key, data: .mark)),
            .update(.update, set: own("fresh"), Nftables.Element(key)),
          ]
        }),
    ]
  }

  /// A pin lasts ten to twelve minutes after its flow's last packet: it is renewed every two
  /// minutes, and each renewal takes one of its client's tokens. The tokens that arrive within a
  /// pin's lifetime, and those saved before, limit a client's pins to 1,984 + 720 * 20 = 16,384, a
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
    var fresh = Nftables.NamedSet.numbered(own("fresh"), modulus: .max)
    fresh.data = nil
    return [
      remembering(.numbered(own("pin"), modulus: .max), 262_144, seconds: 720),
      remembering(fresh, 262_144, seconds: 120),
    ]
      + leavingFamilies.map {
        remembering(
          Nftables.NamedSet(name: own($0.named("clients")), key: .types([$0.addressType])), 65_536,
          seconds: 720)
      }
  }

  private static let pinRate = Nftables.Limit(rate: 20, per: 1, burst: 1984)

  func pinLookups() -> [[Nftables.Statement]] {
    leavingFamilies.map {
      [.mangle(.mark, .map(key: fiveTuple($0, modulus: .max), data: .reference(own("pin"))))]
    }
  }

  private func hash(_ buckets: UInt32) -> [[Nftables.Statement]] {
    leavingFamilies.flatMap { family -> [[Nftables.Statement]] in
      // In one expression: for a bucket without a gateway, the bucket's number must not stay in the
      // mark.
      [(fiveTuple(family, modulus: buckets), [.isPorted]), (pair(family, modulus: buckets), [])]
        .map { key, condition in
          condition + [
            .mangle(.mark, .map(key: key, data: .reference(own("egress")))), .verdict(.return),
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

  /// For protocols without ports: ICMP, GRE, ESP.
  private func pair(_ family: Family, modulus: UInt32) -> Nftables.Expression {
    jhash([family.saddr, family.daddr, .meta("l4proto")], modulus)
  }

  private func jhash(_ parts: [Nftables.Expression], _ modulus: UInt32) -> Nftables.Expression {
    .jhash(.concat(parts), modulus: modulus, seed: egress.seed, offset: 0)
  }
}
