internal import CLinux

/// Message types of the nftables subsystem (`nf_tables_msg_types`).
public enum NFTMessage {
  private static func type(_ message: nf_tables_msg_types) -> UInt16 {
    UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(message.rawValue)
  }

  public static var newTable: UInt16 { type(NFT_MSG_NEWTABLE) }
  public static var getTable: UInt16 { type(NFT_MSG_GETTABLE) }
  public static var delTable: UInt16 { type(NFT_MSG_DELTABLE) }
  public static var newChain: UInt16 { type(NFT_MSG_NEWCHAIN) }
  public static var getChain: UInt16 { type(NFT_MSG_GETCHAIN) }
  public static var delChain: UInt16 { type(NFT_MSG_DELCHAIN) }
  public static var newRule: UInt16 { type(NFT_MSG_NEWRULE) }
  public static var getRule: UInt16 { type(NFT_MSG_GETRULE) }
  public static var delRule: UInt16 { type(NFT_MSG_DELRULE) }
  public static var newSet: UInt16 { type(NFT_MSG_NEWSET) }
  public static var getSet: UInt16 { type(NFT_MSG_GETSET) }
  public static var delSet: UInt16 { type(NFT_MSG_DELSET) }
  public static var newElement: UInt16 { type(NFT_MSG_NEWSETELEM) }
  public static var getElement: UInt16 { type(NFT_MSG_GETSETELEM) }
  public static var delElement: UInt16 { type(NFT_MSG_DELSETELEM) }
  public static var newObject: UInt16 { type(NFT_MSG_NEWOBJ) }
  public static var getObject: UInt16 { type(NFT_MSG_GETOBJ) }
  public static var delObject: UInt16 { type(NFT_MSG_DELOBJ) }
  public static var newFlowtable: UInt16 { type(NFT_MSG_NEWFLOWTABLE) }
  public static var delFlowtable: UInt16 { type(NFT_MSG_DELFLOWTABLE) }
  public static var getFlowtable: UInt16 { type(NFT_MSG_GETFLOWTABLE) }
  public static var getGeneration: UInt16 { type(NFT_MSG_GETGEN) }
}

extension Message {
  /// `struct nfgenmsg`, four bytes: the family.
  public var netfilterFamily: UInt8? { payload.first }

  public var netfilterAttributes: Attributes { attributes(after: 4) }
}

extension Attribute {
  // nfnetlink's integers are in network byte order.
  public var bigUInt16: UInt16? { uint16.map(UInt16.init(bigEndian:)) }
  public var bigUInt32: UInt32? { uint32.map(UInt32.init(bigEndian:)) }
  public var bigUInt64: UInt64? { uint64.map(UInt64.init(bigEndian:)) }
  public var bytes: [UInt8] { Array(payload) }
}

extension Batch {
  /// A request to nfnetlink, with its `struct nfgenmsg`.
  public func netfilterRequest(
    _ type: UInt16, _ flags: RequestFlags = [], family: UInt8, _ body: (Batch) -> Void
  ) {
    request(type, flags) {
      $0.netfilterHeader(family: family)
      body($0)
    }
  }

  public func netfilterHeader(family: UInt8, resource: UInt16 = 0) {
    var header = nfgenmsg()
    header.nfgen_family = family
    header.version = UInt8(NFNETLINK_V0)
    header.res_id = resource.bigEndian
    putHeader(header)
  }

  /// Begins an atomic transaction; if `generation` is given and stale, the kernel refuses it with
  /// ERESTART.
  public func beginTransaction(generation: UInt32? = nil) {
    request(UInt16(NFNL_MSG_BATCH_BEGIN), []) {
      $0.netfilterHeader(family: 0, resource: UInt16(NFNL_SUBSYS_NFTABLES))
      if let generation { $0.put(UInt16(NFNL_BATCH_GENID.rawValue), big: generation) }
    }
  }

  public func endTransaction() {
    request(UInt16(NFNL_MSG_BATCH_END), []) {
      $0.netfilterHeader(family: 0, resource: UInt16(NFNL_SUBSYS_NFTABLES))
    }
  }

  public func put(_ type: UInt16, big value: UInt16) { put(type, value.bigEndian) }
  public func put(_ type: UInt16, big value: UInt32) { put(type, value.bigEndian) }
  public func put(_ type: UInt16, big value: UInt64) { put(type, value.bigEndian) }
}
