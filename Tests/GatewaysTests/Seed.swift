import Blueprints
import Model

/// The seed's VPN network, and parts of it.
enum Seed {
  static let link = LinkName("vpn-gw-veth0")!
  static let from = Prefix("192.168.24.0/22")!
  static let from6 = Prefix("fd24::/64")!

  /// The seed's gateways, by default eight, IPv4 only.
  static func gateways(
    _ count: Int = 8, balance: Gateways.Balance = .consistent(buckets: 4096), ipv6: Bool = false,
    vips: Bool = true
  ) -> Gateways {
    let members = (0..<count).map { index in
      let number = UInt32(index)
      var member = Gateways.Member("gw\(index)", [IPAddress(v4: 0xc0a8_1980 + number)])
      if vips { member.vips = [IPAddress(v4: 0xc0a8_1a80 + number)] }
      if ipv6 {
        let high = from6.address.v6.high
        member.addresses.append(IPAddress(v6High: high, low: 0x2580 + UInt64(number)))
        if vips { member.vips.append(IPAddress(v6High: high, low: 0x2680 + UInt64(number))) }
      }
      return member
    }
    var egress = Gateways.Egress(from: ipv6 ? [from, from6] : [from])
    egress.balance = balance
    var gateways = Gateways(link: link, members: members, egress: egress)
    gateways.mtu = 1420
    (gateways.numbers.mark, gateways.numbers.table, gateways.numbers.priority) = (0x1900, 50, 1000)
    gateways.learn([from, from6].map { Address($0, link: link) })
    return gateways
  }
}

extension Gateways {
  /// Expands with these members up and all others down.
  func expanded(up names: Set<String>) -> Expansion {
    expanded(alive: { names.contains($0.name) ? .up : .down }, isInUse: { _ in false })
  }

  /// With a real server of each family behind the VIPs.
  var serving: Gateways {
    var gateways = self
    gateways.served = Set(
      ReturnTests.servers.flatMap { server in
        [IPVSProtocol.tcp, .udp].map { .init(address: server, protocol: $0, port: 6881) }
      })
    return gateways
  }

  var withASecondLink: Gateways {
    var gateways = self
    gateways.clientLinks = [LinkName("vip0")!]
    return gateways
  }

  var strict: Gateways {
    var gateways = self
    gateways.isStrict = true
    gateways.otherLinks = [LinkName("eth0")!]
    return gateways
  }

  var names: Set<String> { Set(members.map(\.name)) }
}
