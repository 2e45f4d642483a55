import Model
import Nftables

/// TCP's MSS is clamped to the tunnels' MTU. The kernel only ever lowers it.
extension Gateways {
  var clamping: [[Nftables.Statement]] {
    let sizes = groups.flatMap(\.clamped)
    // If all tunnels have one MTU, the mark isn't looked at.
    let isUniform = Set(sizes.map(\.mtu)).count == 1
    let values = Set(sizes.compactMap(\.mtu)).sorted()
    return values.flatMap { mtu -> [[Nftables.Statement]] in
      let marks = sizes.filter { $0.mtu == mtu }.map { Nftables.Element(.number(UInt64($0.mark))) }
      return families.map { family in
        // The flags alone show that most segments need nothing.
        [.match(.equal, .flags(["syn", "rst"]), .symbol("syn")), isFromVPN, family.isIt]
          + (isUniform
            ? [] : [.match(.equal, .mark, marks.count == 1 ? marks[0].key! : .set(marks))])
          + [
            .mangle(
              .option(.tcp, name: "maxseg", field: "size"),
              .number(UInt64(mtu - family.headers)))
          ]
      }
    }
  }
}

extension Gateways.Group {
  /// The marks of packets to its gateways, and the MTU of the way that each leads; a multipath route
  /// leads to the narrowest.
  fileprivate var clamped: [(mark: UInt32, mtu: UInt32?)] {
    let own = members.indices.map { (mark: mark($0), mtu: members[$0].mtu ?? mtu) }
    guard case .ecmp = egress.balance else { return own }
    return own + [(numbers.mark + Gateways.Numbers.multipath, own.compactMap(\.mtu).min())]
  }
}
