internal import Model
public import Netlink

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
    try transact { batch in
      for table in tables {
        batch.step(0) { "nft add table \(table.family.rawValue) \(table.name)" }
        var encoder = NftablesEncoder(batch, family: table.family, table: table.name)
        encoder.load(table)
      }
    }
  }

  /// One transaction: nothing is done when it throws.
  func transact(_ body: (Batch) -> Void) throws(NetlinkError) {
    let batch = Batch()
    batch.step(0) { "nft -f" }
    batch.beginTransaction()
    body(batch)
    batch.step(0) { "nft -f" }
    batch.endTransaction()
    if let failure = try socket.transact(batch).first { throw failure.error }
  }
}

extension NftablesEncoder {
  /// Nothing hooks into the table before all of it is there: base chains come last of all names.
  mutating func load(_ program: TableProgram) {
    create(program)
    for chain in program.chains where chain.base == nil { create(chain) }
    for chain in program.chains where chain.base != nil { create(chain) }
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

extension Nftables.NamedObject.Content {
  /// `NFT_OBJECT_*`.
  var type: UInt32 {
    switch self {
    case .counter: 1
    case .quota: 2
    case .ctHelper: 3
    case .limit: 4
    }
  }
}
