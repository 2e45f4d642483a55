import Model
import Nftables

/// What the router itself says to packets of the VPN network's links: echo replies, resets, errors that
/// quote the packet. None of it may leave by another link, where it would tell of the router's node and
/// carry a client's bytes out. So a packet counts whose answer would leave by another link as one with a
/// false source, and one that is for an address of another link reaches nobody.
extension Gateways {
  /// For what isn't from a client pod's address, nor from a remote client to a VIP: its answer must
  /// leave by a link of the VPN network. That is asked of the kernel, so that neighbors count whose
  /// network nobody has stated.
  var source: Nftables.Chain {
    .called(
      "source",
      [
        // Answers to link-local addresses stay on the link. Duplicate address detection has no source.
        [.match(.equal, Family.inet6.saddr, .linkLocal), .verdict(.return)],
        [.match(.equal, Family.inet6.saddr, .symbol("::")), .verdict(.return)],
        [
          .match(.notEqual, .fib(result: .oifname, flags: [.saddr]), vpnNames),
          .count(.falseSource), .verdict(.drop),
        ],
      ])
  }

  /// The VPN links as the texts that `fib` yields: nft refuses to look those up in a set of `ifname`.
  private var vpnNames: Nftables.Expression {
    links.count == 1 ? vpn : .set(links.map { Nftables.Element(.symbol($0.text)) })
  }

  /// Behind IPVS, which has taken by then what is for its services, aliases among them.
  var input: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [[notFromVPN, .verdict(.return)]]
    if links.count > 1 {
      // An address of one link may be asked for on another: ARP answers on all.
      rules += fromFamilies.map {
        [.match(.equal, $0.daddr, from($0)), .verdict(.return)]
      }
    }
    let types = ["local", "broadcast", "multicast"].map { Nftables.Element(.symbol($0)) }
    rules.append([
      .match(.notEqual, .fib(result: .type, flags: [.daddr, .iif]), .set(types)),
      .count(.foreignAddress), .verdict(.drop),
    ])
    return .hooked("input", .filter, .input, 110, rules)
  }

  /// A client that is told to ask its neighbor itself goes around the router; unlike IPv4's redirects,
  /// IPv6's can't be turned off.
  var output: Nftables.Chain {
    .hooked(
      "output", .filter, .output, 0,
      [
        [
          .match(.equal, .meta("oifname"), vpn),
          .match(.equal, .payload(protocol: "icmpv6", field: "type"), .symbol("nd-redirect")),
          .count(.redirect), .verdict(.drop),
        ],
        // The router's own question by a gateway: its answers are known by the connection's mark, which
        // also keeps what the router says about it from another link.
        [
          .match(.equal, .mark, hasMark),
          .match(.equal, .ct(key: "direction", direction: nil), .symbol("original")),
          .mangle(.ctMark, .mark),
        ],
      ])
  }

  /// Errors about fragments that never became whole. Conntrack puts them together before any of our
  /// rules, and the error says nothing of the link by which they came.
  var reassemblyErrors: [[Nftables.Statement]] {
    Family.allCases.map { family in
      [
        .match(
          .equal, .payload(protocol: family.icmp, field: "type"), .symbol("time-exceeded")),
        .match(.equal, .payload(protocol: family.icmp, field: "code"), .number(1)),
        .count(.fragments), .verdict(.drop),
      ]
    }
  }

  /// The router's and its gateways' addresses in the VPN network that no client pods' network holds.
  func others(_ family: Family) -> [Prefix] {
    let hosts = members.flatMap { $0.addresses + $0.vips } + ownAddresses
    // Another link may have the same link-local address.
    let apart = egress.from + [Network.linkLocal]
    return hosts.map { Prefix($0) }.merged(family).filter { host in
      !apart.contains { $0.contains(host.address) }
    }
  }
}

extension Nftables.Expression {
  fileprivate static let linkLocal = Self.prefix(.symbol("fe80::"), length: 10)
}
