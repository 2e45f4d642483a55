import Model
public import Netlink
public import Nftables

extension NftablesKernel {
  /// Every table that `isWanted` selects, in the kernel's order, all of one generation.
  ///
  /// Anonymous sets are inlined in the rules that use them. `elements` tells whether to read a
  /// set's elements: those of a big set that packets fill are costly to read.
  public func observe(
    where isWanted: (TableProgram) -> Bool = { _ in true },
    elements: (TableProgram, SetProgram) -> Bool = { _, _ in true }
  ) throws(NetlinkError) -> (tables: [TableProgram], generation: UInt32) {
    for _ in 0..<10 {
      let before = try generation()
      do throws(NetlinkError) {
        let tables = try NftablesListing(socket).tables(where: isWanted, elements: elements)
        if try generation() == before { return (tables, before) }
      } catch  where error.code == ErrorCode.noEntry {
        // A table was deleted while it was read.
      }
    }
    throw NetlinkError(
      "nft list ruleset", code: ErrorCode.interrupted,
      kernelText: "changed ten times while it was read")
  }

  /// The ruleset's generation, which grows with each change, whoever makes it.
  public func generation() throws(NetlinkError) -> UInt32 {
    try socket.get("nft list ruleset", NFTMessage.getGeneration) {
      $0.netfilterHeader(family: 0)
    } parse: {
      AttributeTable($0.netfilterAttributes).word(NFTAGeneration.id)
    }
  }
}
