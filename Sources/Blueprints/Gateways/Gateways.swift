public import Model
import Nftables

/// A router's VPN gateways: where client pods' packets go, and where answers to remote clients go
/// back (`gateways` in `schemas/state.json`).
///
/// The links of all groups are one VPN network: both locks keep its packets on these links.
public struct Gateways: Hashable, Sendable {
  /// At least one; only a single one may lack a name.
  public var groups: [Group]
  /// What `services` serve behind the members' VIPs.
  public var served: Set<Served> = []
  /// The real servers of all `services`.
  public var servers: Set<IPAddress> = []
  /// The links' networks, as far as they are known.
  public var networks: [Network] = []
  /// The router's own addresses on the links, as far as the file declares them.
  public var ownAddresses: Set<IPAddress> = []
  /// Forwards nothing but the VPN network's packets, and those only within it.
  public var isStrict = false
  /// The links that `strict` closes.
  public var otherLinks: [LinkName] = []

  public init(_ groups: [Group]) { self.groups = groups }

  /// The most groups of one router.
  public static let mostGroups = 16
}

extension Gateways {
  /// Of all groups.
  public var members: [Member] { groups.flatMap(\.members) }

  /// All client pods' networks.
  var from: [Prefix] { groups.flatMap(\.egress.from) }

  /// Every link that the VPN network's packets arrive on.
  var links: [LinkName] {
    var seen: Set<LinkName> = []
    return (groups.map(\.link) + groups.flatMap(\.clientLinks)).filter { seen.insert($0).inserted }
  }

  /// The families that have gateways.
  var families: [Family] {
    Family.allCases.filter { family in groups.contains { $0.families.contains(family) } }
  }

  var fromFamilies: [Family] { Family.allCases.filter { !from.merged($0).isEmpty } }

  /// The families in which some group has both clients and gateways.
  var leavingFamilies: [Family] {
    Family.allCases.filter { family in groups.contains { $0.leavingFamilies.contains(family) } }
  }

  var hasVIPs: Bool { groups.contains(where: \.hasVIPs) }

  /// Every mark that a packet of the VPN network may carry.
  public var reservedMarks: [ClosedRange<UInt32>] { groups.map(\.reservedMarks).joined }

  /// The mark of packets that may leave, until their gateway is known.
  var outsideMark: Nftables.Expression {
    .number(UInt64(groups[0].numbers.mark + Numbers.outside))
  }
  /// The mark of packets that all gateways are asked about.
  var askMark: Nftables.Expression { .number(UInt64(groups[0].numbers.mark + Numbers.ask)) }

  /// The priorities of its rules.
  public var priorities: ClosedRange<UInt32> {
    groups.map(\.numbers.priority)
      .min()!...(lastPriority + (isStrict ? Numbers.strict : Numbers.guards))
  }

  /// What no group's rule is after.
  var lastPriority: UInt32 { groups.map(\.numbers.priority).max()! }

  /// The routing table of what is on the links.
  public var onLinkTable: UInt32 { groups[0].numbers.table + Numbers.onLinkTable }

  /// The routing tables that marks lead to.
  public var tables: [UInt32] { groups.flatMap(\.tables) }
}

extension [ClosedRange<UInt32>] {
  /// In order, those that follow each other as one.
  fileprivate var joined: [ClosedRange<UInt32>] {
    sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { all, range in
      if let last = all.last, last.upperBound &+ 1 == range.lowerBound {
        all[all.count - 1] = last.lowerBound...range.upperBound
      } else {
        all.append(range)
      }
    }
  }
}
