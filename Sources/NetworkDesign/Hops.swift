internal import Addressing

/// A link on the way from a client to the internet.
public struct Hop: Hashable, Sendable {
  public var name: String
  public var link: String
  public var mtu: Int
  /// What it could carry, and why: `8950: 9000 less VXLAN's 50`.
  public var limit: String
}

/// The MTU of each hop of the VPN network.
public struct Hops: Hashable, Sendable {
  /// VXLAN over IPv4: Ethernet 14, IP 20, UDP 8, VXLAN 8.
  public static let vxlanOverhead = 50
  /// WireGuard: UDP 8, header 16, tag 16, and IPv4's 20 or IPv6's 40.
  public static let wireguardOverhead = (ipv4: 60, ipv6: 80)
  /// What every IPv6 link must carry (RFC 8200, section 5).
  static let leastIPv6 = 1280

  /// Of everything in the VPN network.
  public let network: Int
  public let vxlan: Int
  public let list: [Hop]
  /// Which hop keeps the network's MTU from being larger, and why.
  public let bottleneck: String
  /// The name of that hop; nil if the description itself says less.
  public let narrowest: String?

  public init(_ description: NetworkDescription) {
    let mtu = description.mtu
    vxlan = mtu.underlay - Self.vxlanOverhead
    let most = min(mtu.provider, vxlan)
    network = mtu.network ?? most
    narrowest =
      network < most ? nil : mtu.provider <= vxlan ? "tunnel" : "VXLAN between nodes"
    bottleneck =
      if let stated = mtu.network, stated < most {
        "the description, which says \(stated), while \(most) would fit"
      } else if mtu.provider <= vxlan {
        "the tunnel: the provider carries \(mtu.provider)"
      } else {
        "the VXLAN: the underlay carries \(mtu.underlay), of which VXLAN takes \(Self.vxlanOverhead)"
      }
    let outer = mtu.provider + Self.wireguardOverhead.ipv6
    let inNetwork = "the VPN network's"
    list = [
      Hop(name: "client pod", link: "vpn-gw-veth0", mtu: network, limit: inNetwork),
      Hop(name: "bridge of a node", link: "vpn-gw-bridge0", mtu: network, limit: inNetwork),
      Hop(
        name: "VXLAN between nodes", link: "vpn-gw-vxlan0", mtu: network,
        limit: "at most \(vxlan): \(mtu.underlay) less VXLAN's \(Self.vxlanOverhead)"),
      Hop(
        name: "underlay", link: description.underlay.text, mtu: mtu.underlay, limit: "stated"),
      Hop(name: "router pod", link: "vpn-gw-veth0", mtu: network, limit: inNetwork),
      Hop(name: "gateway pod", link: "vpn-gw-veth0", mtu: network, limit: inNetwork),
      Hop(name: "tunnel", link: "tun0 or wg0", mtu: mtu.provider, limit: "the provider's"),
      Hop(
        name: "way to the provider", link: "eth0", mtu: mtu.internet,
        limit: outer <= mtu.internet
          ? "\(outer) with WireGuard's \(Self.wireguardOverhead.ipv6) over IPv6"
          : "\(mtu.provider + Self.wireguardOverhead.ipv4) with WireGuard's "
            + "\(Self.wireguardOverhead.ipv4) over IPv4; IPv6 would fragment"),
    ]
  }

  /// The largest TCP segment (MSS) by family.
  public var segment: (ipv4: Int, ipv6: Int) { (network - 40, network - 60) }
}

extension NetworkDescription {
  /// MTUs with which packets would be fragmented or dropped.
  var fragmentations: [DescriptionProblem] {
    var problems: [DescriptionProblem] = []
    func report(_ key: String, _ message: String) {
      problems.append(DescriptionProblem(.key("mtu"), .key(key), message: message))
    }
    let overhead = Hops.wireguardOverhead
    if mtu.internet > mtu.underlay {
      report(
        "internet",
        "\(mtu.internet) is more than the underlay's \(mtu.underlay), by which packets leave the nodes"
      )
    } else if mtu.provider + overhead.ipv4 > mtu.internet {
      report(
        "provider",
        "\(mtu.provider) would fragment: WireGuard adds \(overhead.ipv4) bytes over IPv4 and "
          + "\(overhead.ipv6) over IPv6, and the way to the provider carries \(mtu.internet): "
          + "\(mtu.internet - overhead.ipv4) at most, \(mtu.internet - overhead.ipv6) to be safe")
    }
    let vxlan = mtu.underlay - Hops.vxlanOverhead
    if let network = mtu.network {
      if network > mtu.provider {
        report(
          "network",
          "\(network) would fragment in the tunnel, which carries \(mtu.provider): "
            + "\(min(mtu.provider, vxlan)) at most")
      } else if network > vxlan {
        report(
          "network",
          "\(network) would not pass between nodes: VXLAN takes \(Hops.vxlanOverhead) of the "
            + "underlay's \(mtu.underlay): \(vxlan) at most")
      }
    }
    if ipv6 != nil, Hops(self).network < Hops.leastIPv6 {
      report(
        mtu.network == nil ? (mtu.provider <= vxlan ? "provider" : "underlay") : "network",
        "leaves the VPN network \(Hops(self).network) bytes, and IPv6 needs \(Hops.leastIPv6)")
    }
    return problems
  }
}
