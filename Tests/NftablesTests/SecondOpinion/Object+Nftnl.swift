import CNftnl
import Model
import Nftables

extension Nftables.NamedObject.Content {
  var nftnlType: UInt32 {
    switch self {
    case .counter: UInt32(NFT_OBJECT_COUNTER)
    case .quota: UInt32(NFT_OBJECT_QUOTA)
    case .ctHelper: UInt32(NFT_OBJECT_CT_HELPER)
    case .limit: UInt32(NFT_OBJECT_LIMIT)
    case .ctTimeout: UInt32(NFT_OBJECT_CT_TIMEOUT)
    case .secmark: UInt32(NFT_OBJECT_SECMARK)
    case .ctExpectation: UInt32(NFT_OBJECT_CT_EXPECT)
    case .synproxy: UInt32(NFT_OBJECT_SYNPROXY)
    }
  }

  var nftnl: [NftnlRow] {
    switch self {
    case .counter(let packets, let bytes):
      [.init(NFTNL_OBJ_CTR_PKTS, .long(packets)), .init(NFTNL_OBJ_CTR_BYTES, .long(bytes))]
    case .quota(let quota):
      [
        .init(NFTNL_OBJ_QUOTA_BYTES, .long(quota.bytes)),
        .init(NFTNL_OBJ_QUOTA_CONSUMED, .long(quota.used)),
        .init(NFTNL_OBJ_QUOTA_FLAGS, .word(quota.isOver ? NFT_QUOTA_F_INV.rawValue : 0)),
      ]
    case .limit(let limit):
      [
        .init(NFTNL_OBJ_LIMIT_RATE, .long(limit.rate)),
        .init(NFTNL_OBJ_LIMIT_UNIT, .long(limit.per)),
        .init(NFTNL_OBJ_LIMIT_BURST, .word(limit.burst)),
        .init(NFTNL_OBJ_LIMIT_TYPE, .word(limit.nftnlType)),
        .init(NFTNL_OBJ_LIMIT_FLAGS, .word(limit.isOver ? NFT_LIMIT_F_INV.rawValue : 0)),
      ]
    case .ctHelper(let type, let proto, let l3proto):
      [
        .init(NFTNL_OBJ_CT_HELPER_NAME, .text(type)),
        .init(NFTNL_OBJ_CT_HELPER_L3PROTO, Self.l3(l3proto)),
        .init(NFTNL_OBJ_CT_HELPER_L4PROTO, .byte(proto.number)),
      ]
    case .ctTimeout(let proto, let l3proto, let policy):
      [
        .init(NFTNL_OBJ_CT_TIMEOUT_L3PROTO, Self.l3(l3proto)),
        .init(NFTNL_OBJ_CT_TIMEOUT_L4PROTO, .byte(proto.number)),
        .init(NFTNL_OBJ_CT_TIMEOUT_ARRAY, .bytes(Self.times(proto, policy))),
      ]
    case .ctExpectation(let proto, let l3proto, let port, let timeout, let size):
      [
        .init(NFTNL_OBJ_CT_EXPECT_L3PROTO, Self.l3(l3proto)),
        .init(NFTNL_OBJ_CT_EXPECT_L4PROTO, .byte(proto.number)),
        .init(NFTNL_OBJ_CT_EXPECT_DPORT, .half(port)),
        .init(NFTNL_OBJ_CT_EXPECT_TIMEOUT, .word(timeout)),
        .init(NFTNL_OBJ_CT_EXPECT_SIZE, .byte(size)),
      ]
    case .secmark(let context): [.init(NFTNL_OBJ_SECMARK_CTX, .text(context))]
    case .synproxy(let synproxy):
      [
        .init(NFTNL_OBJ_SYNPROXY_MSS, .half(synproxy.mss ?? 0)),
        .init(NFTNL_OBJ_SYNPROXY_WSCALE, .byte(synproxy.wscale ?? 0)),
        .init(NFTNL_OBJ_SYNPROXY_FLAGS, .word(synproxy.bits)),
      ]
    }
  }

  private static func l3(_ family: Nftables.Family?) -> NftnlRow.Value? {
    family.map { .half(UInt16($0.number)) }
  }

  /// `uint32_t [NFTNL_CTTIMEOUT_*_MAX]`.
  private static func times(_ proto: Nftables.TransportProtocol, _ policy: [String: UInt32])
    -> [UInt8]
  {
    TimeoutPolicy.states(proto).flatMap { state in
      withUnsafeBytes(of: policy[state.name] ?? state.seconds) { Array($0) }
    }
  }
}
