internal import CLinux

/// `nft_immediate_attributes`.
public enum NFTAImmediate {
  public static var dreg: UInt16 { UInt16(NFTA_IMMEDIATE_DREG.rawValue) }
  public static var data: UInt16 { UInt16(NFTA_IMMEDIATE_DATA.rawValue) }
}

/// `nft_bitwise_attributes`.
public enum NFTABitwise {
  public static var sreg: UInt16 { UInt16(NFTA_BITWISE_SREG.rawValue) }
  public static var dreg: UInt16 { UInt16(NFTA_BITWISE_DREG.rawValue) }
  public static var len: UInt16 { UInt16(NFTA_BITWISE_LEN.rawValue) }
  public static var mask: UInt16 { UInt16(NFTA_BITWISE_MASK.rawValue) }
  public static var xor: UInt16 { UInt16(NFTA_BITWISE_XOR.rawValue) }
  public static var op: UInt16 { UInt16(NFTA_BITWISE_OP.rawValue) }
  public static var data: UInt16 { UInt16(NFTA_BITWISE_DATA.rawValue) }
}

/// `nft_byteorder_attributes`.
public enum NFTAByteorder {
  public static var sreg: UInt16 { UInt16(NFTA_BYTEORDER_SREG.rawValue) }
  public static var dreg: UInt16 { UInt16(NFTA_BYTEORDER_DREG.rawValue) }
  public static var op: UInt16 { UInt16(NFTA_BYTEORDER_OP.rawValue) }
  public static var len: UInt16 { UInt16(NFTA_BYTEORDER_LEN.rawValue) }
  public static var size: UInt16 { UInt16(NFTA_BYTEORDER_SIZE.rawValue) }
}

/// `nft_cmp_attributes`.
public enum NFTACmp {
  public static var sreg: UInt16 { UInt16(NFTA_CMP_SREG.rawValue) }
  public static var op: UInt16 { UInt16(NFTA_CMP_OP.rawValue) }
  public static var data: UInt16 { UInt16(NFTA_CMP_DATA.rawValue) }
}

/// `nft_range_attributes`.
public enum NFTARange {
  public static var sreg: UInt16 { UInt16(NFTA_RANGE_SREG.rawValue) }
  public static var op: UInt16 { UInt16(NFTA_RANGE_OP.rawValue) }
  public static var fromData: UInt16 { UInt16(NFTA_RANGE_FROM_DATA.rawValue) }
  public static var toData: UInt16 { UInt16(NFTA_RANGE_TO_DATA.rawValue) }
}

/// `nft_lookup_attributes`.
public enum NFTALookup {
  public static var `set`: UInt16 { UInt16(NFTA_LOOKUP_SET.rawValue) }
  public static var sreg: UInt16 { UInt16(NFTA_LOOKUP_SREG.rawValue) }
  public static var dreg: UInt16 { UInt16(NFTA_LOOKUP_DREG.rawValue) }
  public static var setID: UInt16 { UInt16(NFTA_LOOKUP_SET_ID.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_LOOKUP_FLAGS.rawValue) }
}

/// `nft_dynset_attributes`.
public enum NFTADynset {
  public static var setName: UInt16 { UInt16(NFTA_DYNSET_SET_NAME.rawValue) }
  public static var setID: UInt16 { UInt16(NFTA_DYNSET_SET_ID.rawValue) }
  public static var op: UInt16 { UInt16(NFTA_DYNSET_OP.rawValue) }
  public static var sregKey: UInt16 { UInt16(NFTA_DYNSET_SREG_KEY.rawValue) }
  public static var sregData: UInt16 { UInt16(NFTA_DYNSET_SREG_DATA.rawValue) }
  public static var timeout: UInt16 { UInt16(NFTA_DYNSET_TIMEOUT.rawValue) }
  public static var expr: UInt16 { UInt16(NFTA_DYNSET_EXPR.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_DYNSET_FLAGS.rawValue) }
  public static var expressions: UInt16 { UInt16(NFTA_DYNSET_EXPRESSIONS.rawValue) }
}

/// `nft_payload_attributes`.
public enum NFTAPayload {
  public static var dreg: UInt16 { UInt16(NFTA_PAYLOAD_DREG.rawValue) }
  public static var base: UInt16 { UInt16(NFTA_PAYLOAD_BASE.rawValue) }
  public static var offset: UInt16 { UInt16(NFTA_PAYLOAD_OFFSET.rawValue) }
  public static var len: UInt16 { UInt16(NFTA_PAYLOAD_LEN.rawValue) }
  public static var sreg: UInt16 { UInt16(NFTA_PAYLOAD_SREG.rawValue) }
  public static var csumType: UInt16 { UInt16(NFTA_PAYLOAD_CSUM_TYPE.rawValue) }
  public static var csumOffset: UInt16 { UInt16(NFTA_PAYLOAD_CSUM_OFFSET.rawValue) }
  public static var csumFlags: UInt16 { UInt16(NFTA_PAYLOAD_CSUM_FLAGS.rawValue) }
}

/// `nft_exthdr_attributes`.
public enum NFTAExthdr {
  public static var dreg: UInt16 { UInt16(NFTA_EXTHDR_DREG.rawValue) }
  public static var type: UInt16 { UInt16(NFTA_EXTHDR_TYPE.rawValue) }
  public static var offset: UInt16 { UInt16(NFTA_EXTHDR_OFFSET.rawValue) }
  public static var len: UInt16 { UInt16(NFTA_EXTHDR_LEN.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_EXTHDR_FLAGS.rawValue) }
  public static var op: UInt16 { UInt16(NFTA_EXTHDR_OP.rawValue) }
  public static var sreg: UInt16 { UInt16(NFTA_EXTHDR_SREG.rawValue) }
}

/// `nft_hash_attributes`.
public enum NFTAHash {
  public static var sreg: UInt16 { UInt16(NFTA_HASH_SREG.rawValue) }
  public static var dreg: UInt16 { UInt16(NFTA_HASH_DREG.rawValue) }
  public static var len: UInt16 { UInt16(NFTA_HASH_LEN.rawValue) }
  public static var modulus: UInt16 { UInt16(NFTA_HASH_MODULUS.rawValue) }
  public static var seed: UInt16 { UInt16(NFTA_HASH_SEED.rawValue) }
  public static var offset: UInt16 { UInt16(NFTA_HASH_OFFSET.rawValue) }
  public static var type: UInt16 { UInt16(NFTA_HASH_TYPE.rawValue) }
  public static var setName: UInt16 { UInt16(NFTA_HASH_SET_NAME.rawValue) }
  public static var setID: UInt16 { UInt16(NFTA_HASH_SET_ID.rawValue) }
}

/// `nft_meta_attributes`.
public enum NFTAMeta {
  public static var dreg: UInt16 { UInt16(NFTA_META_DREG.rawValue) }
  public static var key: UInt16 { UInt16(NFTA_META_KEY.rawValue) }
  public static var sreg: UInt16 { UInt16(NFTA_META_SREG.rawValue) }
}

/// `nft_rt_attributes`.
public enum NFTART {
  public static var dreg: UInt16 { UInt16(NFTA_RT_DREG.rawValue) }
  public static var key: UInt16 { UInt16(NFTA_RT_KEY.rawValue) }
}

/// `nft_socket_attributes`.
public enum NFTASocket {
  public static var key: UInt16 { UInt16(NFTA_SOCKET_KEY.rawValue) }
  public static var dreg: UInt16 { UInt16(NFTA_SOCKET_DREG.rawValue) }
  public static var level: UInt16 { UInt16(NFTA_SOCKET_LEVEL.rawValue) }
}

/// `nft_ct_attributes`.
public enum NFTACT {
  public static var dreg: UInt16 { UInt16(NFTA_CT_DREG.rawValue) }
  public static var key: UInt16 { UInt16(NFTA_CT_KEY.rawValue) }
  public static var direction: UInt16 { UInt16(NFTA_CT_DIRECTION.rawValue) }
  public static var sreg: UInt16 { UInt16(NFTA_CT_SREG.rawValue) }
}

/// `nft_limit_attributes`.
public enum NFTALimit {
  public static var rate: UInt16 { UInt16(NFTA_LIMIT_RATE.rawValue) }
  public static var unit: UInt16 { UInt16(NFTA_LIMIT_UNIT.rawValue) }
  public static var burst: UInt16 { UInt16(NFTA_LIMIT_BURST.rawValue) }
  public static var type: UInt16 { UInt16(NFTA_LIMIT_TYPE.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_LIMIT_FLAGS.rawValue) }
}

/// `nft_connlimit_attributes`.
public enum NFTAConnectionLimit {
  public static var count: UInt16 { UInt16(NFTA_CONNLIMIT_COUNT.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_CONNLIMIT_FLAGS.rawValue) }
}

/// `nft_counter_attributes`.
public enum NFTACounter {
  public static var bytes: UInt16 { UInt16(NFTA_COUNTER_BYTES.rawValue) }
  public static var packets: UInt16 { UInt16(NFTA_COUNTER_PACKETS.rawValue) }
}

/// `nft_last_attributes`.
public enum NFTALast {
  public static var `set`: UInt16 { UInt16(NFTA_LAST_SET.rawValue) }
  public static var msecs: UInt16 { UInt16(NFTA_LAST_MSECS.rawValue) }
}

/// `nft_log_attributes`.
public enum NFTALog {
  public static var group: UInt16 { UInt16(NFTA_LOG_GROUP.rawValue) }
  public static var prefix: UInt16 { UInt16(NFTA_LOG_PREFIX.rawValue) }
  public static var snaplen: UInt16 { UInt16(NFTA_LOG_SNAPLEN.rawValue) }
  public static var qthreshold: UInt16 { UInt16(NFTA_LOG_QTHRESHOLD.rawValue) }
  public static var level: UInt16 { UInt16(NFTA_LOG_LEVEL.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_LOG_FLAGS.rawValue) }
}

/// `nft_queue_attributes`.
public enum NFTAQueue {
  public static var num: UInt16 { UInt16(NFTA_QUEUE_NUM.rawValue) }
  public static var total: UInt16 { UInt16(NFTA_QUEUE_TOTAL.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_QUEUE_FLAGS.rawValue) }
  public static var sregQnum: UInt16 { UInt16(NFTA_QUEUE_SREG_QNUM.rawValue) }
}

/// `nft_quota_attributes`.
public enum NFTAQuota {
  public static var bytes: UInt16 { UInt16(NFTA_QUOTA_BYTES.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_QUOTA_FLAGS.rawValue) }
  public static var consumed: UInt16 { UInt16(NFTA_QUOTA_CONSUMED.rawValue) }
}

/// `nft_reject_attributes`.
public enum NFTAReject {
  public static var type: UInt16 { UInt16(NFTA_REJECT_TYPE.rawValue) }
  public static var icmpCode: UInt16 { UInt16(NFTA_REJECT_ICMP_CODE.rawValue) }
}

/// `nft_nat_attributes`.
public enum NFTANAT {
  public static var type: UInt16 { UInt16(NFTA_NAT_TYPE.rawValue) }
  public static var family: UInt16 { UInt16(NFTA_NAT_FAMILY.rawValue) }
  public static var regAddrMin: UInt16 { UInt16(NFTA_NAT_REG_ADDR_MIN.rawValue) }
  public static var regAddrMax: UInt16 { UInt16(NFTA_NAT_REG_ADDR_MAX.rawValue) }
  public static var regProtoMin: UInt16 { UInt16(NFTA_NAT_REG_PROTO_MIN.rawValue) }
  public static var regProtoMax: UInt16 { UInt16(NFTA_NAT_REG_PROTO_MAX.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_NAT_FLAGS.rawValue) }
}

/// `nft_tproxy_attributes`.
public enum NFTATProxy {
  public static var family: UInt16 { UInt16(NFTA_TPROXY_FAMILY.rawValue) }
  public static var regAddr: UInt16 { UInt16(NFTA_TPROXY_REG_ADDR.rawValue) }
  public static var regPort: UInt16 { UInt16(NFTA_TPROXY_REG_PORT.rawValue) }
}

/// `nft_masq_attributes`.
public enum NFTAMasquerade {
  public static var flags: UInt16 { UInt16(NFTA_MASQ_FLAGS.rawValue) }
  public static var regProtoMin: UInt16 { UInt16(NFTA_MASQ_REG_PROTO_MIN.rawValue) }
  public static var regProtoMax: UInt16 { UInt16(NFTA_MASQ_REG_PROTO_MAX.rawValue) }
}

/// `nft_redir_attributes`.
public enum NFTARedirect {
  public static var regProtoMin: UInt16 { UInt16(NFTA_REDIR_REG_PROTO_MIN.rawValue) }
  public static var regProtoMax: UInt16 { UInt16(NFTA_REDIR_REG_PROTO_MAX.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_REDIR_FLAGS.rawValue) }
}

/// `nft_dup_attributes`.
public enum NFTADup {
  public static var sregAddr: UInt16 { UInt16(NFTA_DUP_SREG_ADDR.rawValue) }
  public static var sregDev: UInt16 { UInt16(NFTA_DUP_SREG_DEV.rawValue) }
}

/// `nft_fwd_attributes`.
public enum NFTAFwd {
  public static var sregDev: UInt16 { UInt16(NFTA_FWD_SREG_DEV.rawValue) }
  public static var sregAddr: UInt16 { UInt16(NFTA_FWD_SREG_ADDR.rawValue) }
  public static var nfproto: UInt16 { UInt16(NFTA_FWD_NFPROTO.rawValue) }
}

/// `nft_objref_attributes`.
public enum NFTAObjectReference {
  public static var immType: UInt16 { UInt16(NFTA_OBJREF_IMM_TYPE.rawValue) }
  public static var immName: UInt16 { UInt16(NFTA_OBJREF_IMM_NAME.rawValue) }
  public static var setSreg: UInt16 { UInt16(NFTA_OBJREF_SET_SREG.rawValue) }
  public static var setName: UInt16 { UInt16(NFTA_OBJREF_SET_NAME.rawValue) }
  public static var setID: UInt16 { UInt16(NFTA_OBJREF_SET_ID.rawValue) }
}

/// `nft_fib_attributes`.
public enum NFTAFIB {
  public static var dreg: UInt16 { UInt16(NFTA_FIB_DREG.rawValue) }
  public static var result: UInt16 { UInt16(NFTA_FIB_RESULT.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_FIB_FLAGS.rawValue) }
}

/// `nft_ct_helper_attributes`.
public enum NFTACTHelper {
  public static var name: UInt16 { UInt16(NFTA_CT_HELPER_NAME.rawValue) }
  public static var l3proto: UInt16 { UInt16(NFTA_CT_HELPER_L3PROTO.rawValue) }
  public static var l4proto: UInt16 { UInt16(NFTA_CT_HELPER_L4PROTO.rawValue) }
}

/// `nft_osf_attributes`.
public enum NFTAOSF {
  public static var dreg: UInt16 { UInt16(NFTA_OSF_DREG.rawValue) }
  public static var ttl: UInt16 { UInt16(NFTA_OSF_TTL.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_OSF_FLAGS.rawValue) }
}

/// `nft_ng_attributes`.
public enum NFTANumgen {
  public static var dreg: UInt16 { UInt16(NFTA_NG_DREG.rawValue) }
  public static var modulus: UInt16 { UInt16(NFTA_NG_MODULUS.rawValue) }
  public static var type: UInt16 { UInt16(NFTA_NG_TYPE.rawValue) }
  public static var offset: UInt16 { UInt16(NFTA_NG_OFFSET.rawValue) }
  public static var setName: UInt16 { UInt16(NFTA_NG_SET_NAME.rawValue) }
  public static var setID: UInt16 { UInt16(NFTA_NG_SET_ID.rawValue) }
}

/// `nft_xfrm_attributes`.
public enum NFTAXfrm {
  public static var dreg: UInt16 { UInt16(NFTA_XFRM_DREG.rawValue) }
  public static var key: UInt16 { UInt16(NFTA_XFRM_KEY.rawValue) }
  public static var direction: UInt16 { UInt16(NFTA_XFRM_DIR.rawValue) }
  public static var number: UInt16 { UInt16(NFTA_XFRM_SPNUM.rawValue) }
}

/// `nft_offload_attributes`.
public enum NFTAFlow {
  public static var tableName: UInt16 { UInt16(NFTA_FLOW_TABLE_NAME.rawValue) }
}

/// `nft_synproxy_attributes`.
public enum NFTASynproxy {
  public static var mss: UInt16 { UInt16(NFTA_SYNPROXY_MSS.rawValue) }
  public static var wscale: UInt16 { UInt16(NFTA_SYNPROXY_WSCALE.rawValue) }
  public static var flags: UInt16 { UInt16(NFTA_SYNPROXY_FLAGS.rawValue) }
}

/// `nft_ct_timeout_timeout_attributes`.
public enum NFTACTTimeout {
  public static var l3proto: UInt16 { UInt16(NFTA_CT_TIMEOUT_L3PROTO.rawValue) }
  public static var l4proto: UInt16 { UInt16(NFTA_CT_TIMEOUT_L4PROTO.rawValue) }
  public static var data: UInt16 { UInt16(NFTA_CT_TIMEOUT_DATA.rawValue) }
}

/// `nft_ct_expectation_attributes`.
public enum NFTACTExpectation {
  public static var l3proto: UInt16 { UInt16(NFTA_CT_EXPECT_L3PROTO.rawValue) }
  public static var l4proto: UInt16 { UInt16(NFTA_CT_EXPECT_L4PROTO.rawValue) }
  public static var dport: UInt16 { UInt16(NFTA_CT_EXPECT_DPORT.rawValue) }
  public static var timeout: UInt16 { UInt16(NFTA_CT_EXPECT_TIMEOUT.rawValue) }
  public static var size: UInt16 { UInt16(NFTA_CT_EXPECT_SIZE.rawValue) }
}

/// `nft_secmark_attributes`.
public enum NFTASecmark {
  public static var context: UInt16 { UInt16(NFTA_SECMARK_CTX.rawValue) }
}
