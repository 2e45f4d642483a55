public import Model
public import Netlink
public import Nft

/// The running kernel's nftables: read whole, changed in atomic transactions.
///
/// It belongs to the network namespace in which it is made. Not thread-safe.
public final class NftablesKernel {
  let socket: Socket

  public init() throws(NetlinkError) { socket = try Socket(.netfilter) }

  /// Loads whole tables that aren't there yet, all or none.
  ///
  /// `nft -f`, whose file adds them.
  public func create(_ tables: [TableProgram]) throws(NetlinkError) {
    try transact(nil) { batch in
      var nextID: UInt32 = 1
      for table in tables {
        batch.step(0) { "nft add table \(table.family.rawValue) \(table.name)" }
        var encoder = NftablesEncoder(
          batch, family: table.family, table: table.name, nextID: nextID)
        encoder.load(table)
        nextID = encoder.nextID
      }
    }
  }

  /// Carries out all differences in one transaction: all or nothing.
  ///
  /// Refused with `ErrorCode.restart` when somebody changed anything since `generation`: read
  /// again then, and compare again.
  public func apply(_ diffs: [TableDiff], generation: UInt32? = nil) throws(NetlinkError) {
    let diffs = diffs.filter { !$0.isEmpty }
    if diffs.isEmpty { return }
    try transact(generation) { batch in
      var nextID: UInt32 = 1
      for diff in diffs {
        batch.step(0) { "nft table \(diff.family.rawValue) \(diff.table)" }
        var encoder = NftablesEncoder(
          batch, family: diff.family, table: diff.table, nextID: nextID)
        encoder.encode(diff)
        nextID = encoder.nextID
      }
    }
  }

  /// One transaction: nothing is done when it throws.
  func transact(_ generation: UInt32?, _ body: (Batch) -> Void) throws(NetlinkError) {
    let batch = Batch()
    batch.step(0) { "nft -f" }
    batch.beginTransaction(generation: generation)
    body(batch)
    batch.step(0) { "nft -f" }
    batch.endTransaction()
    if let failure = try socket.transact(batch).first { throw failure.error }
  }
}

extension NftablesEncoder {
  mutating func load(_ program: TableProgram) {
    create(program)
    for chain in program.chains { create(chain) }
    for object in program.objects { create(object) }
    for set in program.sets { create(set) }
    for chain in program.chains {
      for rule in chain.rules { create(rule, chain: chain.name) }
    }
  }

  // nft add counter FAMILY TABLE NAME, and so on
  func create(_ object: ObjectProgram) {
    batch.netfilterRequest(NFTMessage.newObject, [.create], family: family.number) {
      $0.put(NFTAObject.table, table)
      $0.put(NFTAObject.name, object.name)
      $0.put(NFTAObject.type, big: object.content.type)
      $0.nest(NFTAObject.data) {
        switch object.content {
        case .counter(let packets, let bytes):
          $0.put(NFTACounter.bytes, big: bytes)
          $0.put(NFTACounter.packets, big: packets)
        case .quota(let quota):
          $0.put(NFTAQuota.bytes, big: quota.bytes)
          $0.put(NFTAQuota.consumed, big: quota.used)
          $0.put(NFTAQuota.flags, big: quota.isOver ? 1 : 0 as UInt32)
        case .limit(let limit):
          $0.put(NFTALimit.rate, big: limit.rate)
          $0.put(NFTALimit.unit, big: limit.per)
          $0.put(NFTALimit.burst, big: limit.burst)
          $0.put(NFTALimit.type, big: limit.isBytes ? 1 : 0 as UInt32)
          $0.put(NFTALimit.flags, big: limit.isOver ? 1 : 0 as UInt32)
        case .ctHelper(let type, let proto, let l3proto):
          $0.put(NFTACTHelper.name, type)
          if let l3proto {
            $0.put(
              NFTACTHelper.l3proto, big: l3proto == "ip" ? 2 : l3proto == "ip6" ? 10 : 1 as UInt16)
          }
          $0.put(NFTACTHelper.l4proto, proto == "udp" ? 17 : 6 as UInt8)
        }
      }
      if !object.userData.isEmpty { $0.put(NFTAObject.userdata, bytes: object.userData) }
    }
  }

  func deleteObject(_ object: ObjectProgram) {
    batch.netfilterRequest(NFTMessage.delObject, family: family.number) {
      $0.put(NFTAObject.table, table)
      $0.put(NFTAObject.name, object.name)
      $0.put(NFTAObject.type, big: object.content.type)
    }
  }
}
