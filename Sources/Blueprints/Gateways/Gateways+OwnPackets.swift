import Model
import Nftables

/// What the router itself sends in answer to packets from the VPN network's links: echo replies,
/// resets, errors that quote the packet. None of it may leave by another link, where it would
/// reveal the router's node and carry a client's bytes out. So a packet whose answer would leave by
/// another link counts as one with a false source, and a packet to an address of another link
/// reaches nobody.
extension Gateways {
  /// For packets that come neither from a client pod's address nor from a remote client to a VIP:
  /// their answer must leave by a link of the VPN network. The kernel is asked, so that neighbors
  /// in networks that nobody has stated are recognised too.
  var source: Nftables.Chain {
    .called(
      "source",
      [
        // Answers to link-local addresses stay on the link. Duplicate address detection has no
        // source address.
        [.match(.equal, Family.inet6.saddr, .linkLocal), .verdict(.return)],
        [.match(.equal, Family.inet6.saddr, .symbol("::")), .verdict(.return)],
        [
          .match(.notEqual, .fib(result: .oifname, flags: [.saddr]), vpnNames),
          .count(.falseSource), .verdict(.drop),
        ],
      ])
  }

  /// The VPN links as the texts that `fib` yields: nft refuses to look these up in a set of
  /// `ifname`.
  private var vpnNames: Nftables.Expression {
    links.count == 1 ? vpn : .set(links.map { Nftables.Element(.symbol($0.text)) })
  }

  /// After IPVS, which by then has taken the packets for its services, aliases among them.
  var input: Nftables.Chain {
    var rules: [[Nftables.Statement]] = [[notFromVPN, .verdict(.return)]]
    if links.count > 1 {
      // A packet may ask for one link's address on another: ARP answers on all.
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

  /// A client that is told to ask its neighbor directly bypasses the router. IPv4's redirects can
  /// be turned off, IPv6's can't.
  var output: Nftables.Chain {
    .hooked(
      "output", .filter, .output, 0,
      [
        [
          .match(.equal, .meta("oifname"), vpn),
          .match(.equal, .payload(protocol: "icmpv6", field: "type"), .symbol("nd-redirect")),
          .count(.redirect), .verdict(.drop),
        ]
      ]
        // The router's own question through a gateway: the connection's mark identifies the
        // answers, and keeps the router's errors about them off other links.
        + hasMarks.map {
          [
            .match(.equal, .mark, $0),
            .match(.equal, .ct(key: "direction", direction: nil), .symbol("original")),
            .mangle(.ctMark, .mark),
          ]
        })
  }

  /// Errors about fragments that were never completed. Conntrack reassembles before any of our
  /// rules, and the error doesn't tell which link the fragments came from.
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

  /// The addresses of the router and of the gateways in the VPN network that aren't in a client
  /// pods' network.
  func others(_ family: Family) -> [Prefix] {
    let hosts = members.flatMap { $0.addresses + $0.vips } + ownAddresses
    // Another link may have the same link-local address.
    let apart = from + [Network.linkLocal]
    return hosts.map { Prefix($0) }.merged(family).filter { host in
      !apart.contains { $0.contains(host.address) }
    }
  }
}

extension Nftables.Expression {
  fileprivate static let linkLocal = Self.prefix(.symbol("fe80::"), length: 10)
}
