public import Model
import Nftables
import VRRP

extension VirtualRouters {
  /// The table that drops packets to virtual addresses where `accept` is false.
  public static let tableID = NftablesTable.ID(.inet, "vpngw-vrrp")

  /// An owner's virtual addresses are its own.
  private var refused: [IPAddress] {
    let members = members.filter {
      !$0.instance.router.accept && $0.instance.router.priority != VirtualRouter.owner
    }
    return Set(members.flatMap { $0.addresses + $0.instance.router.addresses }).sorted()
  }

  var hasTable: Bool { !refused.isEmpty }

  /// RFC 9568, section 6.1, Accept_Mode. It stands whoever is master: a backup has none of the addresses,
  /// and so there is no moment at which a new master accepts packets.
  var table: Nftables.Table {
    var table = Nftables.Table(family: Self.tableID.family, name: Self.tableID.name)
    var rules: [[Nftables.Statement]] = [
      // What this machine sends to itself arrives from nobody else.
      [.match(.equal, .meta("iifname"), .symbol("lo")), .verdict(.accept)],
      // Neighbor discovery must not be dropped, or nobody would find the address.
      [
        .match(
          .equal, .payload(protocol: "icmpv6", field: "type"),
          .set(
            ["nd-neighbor-solicit", "nd-neighbor-advert"].map {
              Nftables.Element(.symbol($0))
            })), .verdict(.accept),
      ],
    ]
    for family in Family.allCases {
      let addresses = refused.filter { $0.family == family }
      if addresses.isEmpty { continue }
      table.sets.append(
        Nftables.NamedSet(
          name: family.named("refused"), key: .types([family.addressType]),
          elements: addresses.map { Nftables.Element(.symbol($0.description)) }))
      rules.append([
        .match(family.daddr, in: family.named("refused")), .count, .verdict(.drop),
      ])
    }
    // After IPVS, which takes packets for its services at 98 (`ip_vs_ops`), and after destination NAT: what
    // they lead elsewhere isn't for this machine.
    table.chains = [.hooked("refuse", .filter, .input, 200, rules)]
    return table
  }
}
