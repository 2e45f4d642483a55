import Model
public import Netlink
public import Nftables

/// The running kernel's nftables: read as a whole, changed in atomic transactions.
///
/// Belongs to the network namespace in which it was made. Not thread-safe.
public final class NftablesKernel {
  let socket: Socket

  public init() throws(NetlinkError) { socket = try Socket(.netfilter) }

  /// Loads whole tables that don't exist yet, all of them or none.
  ///
  /// `nft -f`, with a file that adds them.
  public func create(_ tables: [TableProgram]) throws(NetlinkError) {
    try apply(tables.map { TableDiff(family: $0.family, table: $0.name, from: nil, to: $0) })
  }

  /// How many elements one transaction takes while a new table isn't in use yet.
  static let elementsAtOnce = 1 << 15

  /// Carries out all differences in one transaction: all or nothing.
  ///
  /// Fails with `ErrorCode.restart` if somebody has changed anything since `generation`: then read
  /// and compare again.
  public func apply(_ diffs: [TableDiff], generation: UInt32? = nil) throws(NetlinkError) {
    try apply(diffs, generation: generation, RuleDescriber(nil, LinkNumbers()))
  }

  /// Carries out one table's difference; returns the generation after it, nil if none was given.
  ///
  /// A new table that is too big for one transaction is created in several.
  func carryOut(
    _ difference: TableDiff, generation: UInt32?, _ describer: RuleDescriber
  ) throws(NetlinkError) -> UInt32? {
    guard case .create(let program)? = difference.whole, program.isBig else {
      try apply([difference], generation: generation, describer)
      return generation?.nextGeneration
    }
    let present = if let generation { generation } else { try self.generation() }
    return try createInParts(program, generation: present, describer)
  }

  func apply(
    _ diffs: [TableDiff], generation: UInt32?, _ describer: RuleDescriber
  ) throws(NetlinkError) {
    let diffs = diffs.filter { !$0.isEmpty }
    if diffs.isEmpty { return }
    try transact(generation) { batch in
      var nextID: UInt32 = 1
      for diff in diffs {
        batch.step(0) { "nft table \(diff.family.rawValue) \(diff.table)" }
        var encoder = NftablesEncoder(
          batch, family: diff.family, table: diff.table, nextID: nextID)
        encoder.describer = describer
        encoder.encode(diff)
        nextID = encoder.nextID
      }
    }
  }

  /// Runs one transaction: nothing is done if it throws.
  func transact(_ generation: UInt32?, _ body: (Batch) -> Void) throws(NetlinkError) {
    let failures = try socket.transact(transaction(generation, body))
    if let failure = failures.first { throw failure.explained }
  }

  func transaction(_ generation: UInt32?, _ body: (Batch) -> Void) -> Batch {
    let batch = Batch()
    batch.step(0) { "nft -f" }
    batch.beginTransaction(generation: generation)
    body(batch)
    batch.step(0) { "nft -f" }
    batch.endTransaction()
    return batch
  }
}

extension NftablesEncoder {
  mutating func load(_ program: TableProgram) {
    create(program)
    for chain in program.chains { create(chain) }
    for object in program.objects { create(object) }
    for flowtable in program.flowtables { create(flowtable) }
    for set in program.sets { create(set) }
    for chain in program.chains {
      for rule in chain.rules { create(rule, chain: chain.name) }
    }
  }

  // nft add counter FAMILY TABLE NAME, and so on
  func create(_ object: ObjectProgram) {
    step(Tag.part) { "add object TABLE \(object.name)" }
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
          if let l3proto { $0.put(NFTACTHelper.l3proto, big: UInt16(l3proto.number)) }
          $0.put(NFTACTHelper.l4proto, proto.number)
        case .ctTimeout(let proto, let l3proto, let policy):
          if let l3proto { $0.put(NFTACTTimeout.l3proto, big: UInt16(l3proto.number)) }
          $0.put(NFTACTTimeout.l4proto, proto.number)
          $0.nest(NFTACTTimeout.data) {
            for (index, state) in TimeoutPolicy.states(proto).enumerated() {
              $0.put(UInt16(index + 1), big: policy[state.name] ?? state.seconds)
            }
          }
        case .ctExpectation(let proto, let l3proto, let port, let timeout, let size):
          if let l3proto { $0.put(NFTACTExpectation.l3proto, big: UInt16(l3proto.number)) }
          $0.put(NFTACTExpectation.l4proto, proto.number)
          $0.put(NFTACTExpectation.dport, big: port)
          $0.put(NFTACTExpectation.timeout, timeout)
          $0.put(NFTACTExpectation.size, size)
        case .secmark(let context): $0.put(NFTASecmark.context, context)
        case .synproxy(let synproxy): $0.put(synproxy)
        }
      }
      if !object.userData.isEmpty { $0.put(NFTAObject.userdata, bytes: object.userData) }
    }
  }

  func deleteObject(_ object: ObjectProgram) {
    step { "delete object TABLE \(object.name)" }
    batch.netfilterRequest(NFTMessage.delObject, family: family.number) {
      $0.put(NFTAObject.table, table)
      $0.put(NFTAObject.name, object.name)
      $0.put(NFTAObject.type, big: object.content.type)
    }
  }
}
