internal import Model
internal import Netlink
internal import Nftables

extension NftablesEncoder {
  /// Removes before it adds, and removes what refers to something before what it refers to.
  mutating func encode(_ diff: TableDiff) {
    switch diff.whole {
    case .create(let program)?: return load(program)
    case .replace(let program)?:
      deleteTable()
      return load(program)
    case .delete?: return deleteTable()
    case nil: break
    }
    if let flags = diff.flags { setFlags(flags) }
    for rule in diff.deletedRules { deleteRule(rule.handle, chain: rule.chain) }
    for change in diff.elements {
      if change.isFlushed {
        flushSet(change.set)
      } else {
        delete(change.removed, from: change.set)
      }
    }
    for name in diff.deletedSets { deleteSet(name) }
    for object in diff.deletedObjects { deleteObject(object) }
    for name in diff.deletedFlowtables { deleteFlowtable(name) }
    for change in diff.devices { remove(change.removed, from: change.flowtable) }
    for name in diff.deletedChains { deleteChain(name) }
    for chain in diff.createdChains { create(chain) }
    for chain in diff.policies { setPolicy(chain) }
    for object in diff.createdObjects { create(object) }
    for flowtable in diff.createdFlowtables { create(flowtable) }
    for change in diff.devices { add(change.added, to: change.flowtable) }
    for set in diff.createdSets { create(set) }
    for change in diff.elements { add(change.added, to: change.set, id: nil) }
    for rule in diff.createdRules { create(rule.rule, chain: rule.chain, rule.position) }
  }

  // nft flush set FAMILY TABLE SET
  private func flushSet(_ name: String) {
    batch.netfilterRequest(NFTMessage.delElement, family: family.number) {
      $0.put(NFTAElementList.table, table)
      $0.put(NFTAElementList.set, name)
    }
  }

  private func setFlags(_ flags: UInt32) {
    batch.netfilterRequest(NFTMessage.newTable, [.create], family: family.number) {
      $0.put(NFTATable.name, table)
      $0.put(NFTATable.flags, big: flags)
    }
  }
}
