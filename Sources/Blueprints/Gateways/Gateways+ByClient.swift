import Model
import Nftables

extension Gateways {
  /// Leads each client's packets to a chain of its group. Of two networks that a client is in, the
  /// narrower decides, and its rule comes first.
  func byClient(_ family: Family, _ chain: (Group) -> String) -> [[Nftables.Statement]] {
    func rule(_ value: Nftables.Expression, _ group: Group) -> [Nftables.Statement] {
      [.match(.equal, family.saddr, value), .verdict(.goto(chain(group)))]
    }
    if groups.count == 1 { return [rule(from(family), groups[0])] }
    let networks = groups.flatMap { group in
      Set(group.egress.from.filter { $0.family == family }).map { (group, prefix: $0) }
    }.sorted { ($1.prefix.length, $0.prefix) < ($0.prefix.length, $1.prefix) }
    return networks.map { rule($0.prefix.expression, $0.0) }
  }
}
