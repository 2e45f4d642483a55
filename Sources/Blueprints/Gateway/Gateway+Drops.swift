/// Named counters of what the table drops, one for each reason. Replacing a rule doesn't reset
/// them.
extension Gateway {
  public enum Drop: String, CaseIterable, Sendable {
    case falseSource = "false_source"
    case otherLink = "other_link"
    case otherSource = "other_source"
    case reserved
    case unknownFlow = "unknown_flow"
    case fromTunnel = "from_tunnel"
    case strict
    case untranslated
    case leak
    case errors

    /// What was dropped, where, and what would help against it.
    public var meaning: String {
      switch self {
      case .falseSource:
        "from the VPN network, with a source outside of it (chains source and leaving): a false source,"
          + " or a network that \"egress\".\"from\" must name"
      case .otherLink:
        "from the VPN network, routed to another link than the tunnel (chain forward): `ip rule` has a"
          + " rule before ours, or ours are gone; see `vpngw plan`"
      case .otherSource:
        "from another link, routed to the tunnel (chain forward): only the VPN network leaves by it"
      case .reserved:
        "to the tunnel, for an address that the internet doesn't route or that \"except\" has (chains"
          + " leaving and output); \"allow\" lets the pod's own programs ask the provider's servers"
      case .unknownFlow:
        "routers' questions about flows that came by another gateway (chain leaving): nothing is lost"
      case .fromTunnel:
        "from the tunnel, and neither an answer nor to a forwarded port (chains forward and input)"
      case .strict:
        "from another link, to be forwarded (chain forward): \"strict\" forwards the VPN network's"
          + " packets alone"
      case .untranslated:
        "about to leave by the tunnel with an address that isn't the tunnel's (chain leave): segments of"
          + " connections that are over, or a tunnel without an address of their family"
      case .leak:
        "about to leave by another link with an address of the VPN network or of the tunnel (chain"
          + " leave): `ip rule` has a rule before ours, or ours are gone; see `vpngw plan`"
      case .errors:
        "the gateway's own ICMP errors about packets of the VPN network, by another link (chain leave):"
          + " the tunnel is down, or fragments never became whole"
      }
    }
  }

  /// The reasons for which this table can drop packets.
  public var drops: [Drop] {
    Drop.allCases.filter {
      switch $0 {
      case .strict: isStrict
      case .unknownFlow: !vips.isEmpty
      default: true
      }
    }
  }
}
