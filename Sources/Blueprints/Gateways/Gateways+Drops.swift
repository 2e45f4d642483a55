import Model
import Nftables

/// Named counters of what the table drops, one for each reason. Replacing a rule doesn't reset
/// them.
extension Gateways {
  public enum Drop: String, CaseIterable, Sendable {
    case noGateway = "no_gateway"
    case falseSource = "false_source"
    case foreignAddress = "foreign_address"
    case otherLink = "other_link"
    case leak
    case strict
    case clientError = "client_icmp_error"
    case fragments
    // Not "redirect": nft reserves the word, and couldn't read its own listing back.
    case redirect = "icmp_redirect"

    /// What was dropped, where, and what would help against it.
    public var meaning: String {
      switch self {
      case .noGateway:
        "client pods' packets while no gateway was alive (chain hash; they are told that the"
          + " destination is unreachable): see the gateways' probes"
      case .falseSource:
        "from a VPN link, with a source that the router answers by another link (chain source): a false"
          + " source, or a network that \"egress\".\"from\" or a route by the VPN link must name"
      case .foreignAddress:
        "from a VPN link, for an address that the router has on another link (chain input): ask the"
          + " router's address on the VPN link"
      case .otherLink:
        "from a VPN link, routed to another link (chain forward): `ip rule` has a rule before ours, or"
          + " ours are gone; see `vpngw plan`"
      case .leak:
        "about to leave by another link with an address or a mark of the VPN network (chain leave):"
          + " `ip rule` has a rule before ours, or ours are gone; see `vpngw plan`"
      case .strict:
        "from another link, to be forwarded (chain forward): \"strict\" forwards the VPN network's"
          + " packets alone"
      case .clientError:
        "client pods' ICMP errors to the internet (chain steer or outside): they could leave by another"
          + " gateway than their flow; state \"mtu\" if clients send many"
      case .fragments:
        "the router's own errors about fragments that never became whole (chain leave): fragments get"
          + " lost on the way here"
      case .redirect:
        "the router's own IPv6 redirects to the VPN network (chain output), by which clients would go"
          + " around it: nothing is lost"
      }
    }
  }

  /// The reasons for which this table can drop packets.
  public var drops: [Drop] {
    Drop.allCases.filter {
      switch $0 {
      // A multipath route without next hops rejects packets out of nftables' sight.
      case .noGateway: groups.contains(where: \.isPinning)
      case .strict: isStrict
      case .clientError: !leavingFamilies.isEmpty
      default: true
      }
    }
  }

  /// Without a living gateway each group drops its own clients' packets.
  var dropReasons: [DropCounters.Reason] {
    drops.flatMap { drop -> [DropCounters.Reason] in
      guard drop == .noGateway else { return [.init(drop.rawValue, meaning: drop.meaning)] }
      return groups.filter(\.isPinning).map {
        .init(drop.rawValue, group: $0.name, meaning: drop.meaning)
      }
    }
  }

  var dropCounters: [Nftables.NamedObject] {
    dropReasons.map {
      Nftables.NamedObject(name: $0.counter, content: .counter(packets: 0, bytes: 0))
    }
  }
}

extension Nftables.Statement {
  /// `counter name "REASON"`
  static func count(_ drop: Gateways.Drop) -> Self {
    .object(kind: .counter, name: .symbol(drop.rawValue))
  }
}
