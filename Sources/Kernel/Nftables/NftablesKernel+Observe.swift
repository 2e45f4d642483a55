import Model
public import Netlink
public import Nftables

extension NftablesKernel {
  /// Every table for which `isWanted` says so, in the kernel's order, as of one generation.
  ///
  /// Anonymous sets stand within the rules that use them. `elements` says whether the elements of
  /// a set are of interest: those of a big set that packets fill are costly to read.
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
        // A table went while it was read.
      }
    }
    throw NetlinkError(
      "nft list ruleset", code: ErrorCode.interrupted,
      kernelText: "changed ten times while it was read")
  }

  /// Grows with each change of anybody's.
  public func generation() throws(NetlinkError) -> UInt32 {
    try socket.get("nft list ruleset", NFTMessage.getGeneration) {
      $0.netfilterHeader(family: 0)
    } parse: {
      AttributeTable($0.netfilterAttributes).word(NFTAGeneration.id)
    }
  }
}
