public import Model
public import Netlink
internal import Nftables

extension NftablesKernel {
  /// The packet counts of a table's named counters; empty if there is no such table.
  ///
  /// `nft list counters table FAMILY NAME`
  public func counters(of table: NftablesTable.ID) throws(NetlinkError) -> [String: UInt64] {
    let counts = try socket.dump("nft list counters table \(table)", NFTMessage.getObject) {
      $0.netfilterHeader(family: table.family.number)
      $0.put(NFTAObject.table, table.name)
    } parse: { message -> (String, UInt64)? in
      guard message.netfilterFamily == table.family.number else { return nil }
      let attributes = AttributeTable(message.netfilterAttributes)
      guard attributes.text(NFTAObject.table) == table.name,
        let object = ObjectProgram(attributes), case .counter(let packets, _) = object.content
      else { return nil }
      return (object.name, packets)
    }
    return Dictionary(counts) { first, _ in first }
  }
}

extension Kernel {
  /// The packet counts of a table's named counters.
  public func counters(of table: NftablesTable.ID) throws(NetlinkError) -> [String: UInt64] {
    try nftables.counters(of: table)
  }
}
