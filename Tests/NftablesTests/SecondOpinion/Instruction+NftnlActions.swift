import CNftnl
import Model
import Nftables

extension Instruction {
  var nftnlAction: (name: String, rows: [NftnlRow])? {
    switch self {
    case .counter(let packets, let bytes):
      (
        "counter",
        [.init(NFTNL_EXPR_CTR_PACKETS, .long(packets)), .init(NFTNL_EXPR_CTR_BYTES, .long(bytes))]
      )
    case .limit(let limit):
      (
        "limit",
        [
          .init(NFTNL_EXPR_LIMIT_RATE, .long(limit.rate)),
          .init(NFTNL_EXPR_LIMIT_UNIT, .long(limit.per)),
          .init(NFTNL_EXPR_LIMIT_BURST, .word(limit.burst)),
          .init(NFTNL_EXPR_LIMIT_TYPE, .word(limit.nftnlType)),
          .init(NFTNL_EXPR_LIMIT_FLAGS, .word(limit.isOver ? NFT_LIMIT_F_INV.rawValue : 0)),
        ]
      )
    case .quota(let quota):
      (
        "quota",
        [
          .init(NFTNL_EXPR_QUOTA_BYTES, .long(quota.bytes)),
          .init(NFTNL_EXPR_QUOTA_CONSUMED, .long(quota.used)),
          .init(NFTNL_EXPR_QUOTA_FLAGS, .word(quota.isOver ? NFT_QUOTA_F_INV.rawValue : 0)),
        ]
      )
    case .connectionLimit(let count, let isOver):
      (
        "connlimit",
        [
          .init(NFTNL_EXPR_CONNLIMIT_COUNT, .word(count)),
          .init(NFTNL_EXPR_CONNLIMIT_FLAGS, .word(isOver ? NFT_CONNLIMIT_F_INV.rawValue : 0)),
        ]
      )
    case .last: ("last", [])
    case .log(let log):
      (
        "log",
        [
          .init(NFTNL_EXPR_LOG_PREFIX, log.prefix.map { .text($0) }),
          .init(NFTNL_EXPR_LOG_GROUP, log.group.map { .half($0) }),
          .init(NFTNL_EXPR_LOG_SNAPLEN, log.snaplen.map { .word($0) }),
          .init(NFTNL_EXPR_LOG_QTHRESHOLD, log.threshold.map { .half($0) }),
          .init(NFTNL_EXPR_LOG_LEVEL, log.level.map { .word($0) }),
          .init(NFTNL_EXPR_LOG_FLAGS, log.flags == 0 ? nil : .word(log.flags)),
        ]
      )
    case .reject(let type, let code):
      (
        "reject",
        [.init(NFTNL_EXPR_REJECT_TYPE, .word(type)), .init(NFTNL_EXPR_REJECT_CODE, .byte(code))]
      )
    case .nat(let nat):
      (
        "nat",
        [
          .init(
            NFTNL_EXPR_NAT_TYPE,
            .word((nat.isDestination ? NFT_NAT_DNAT : NFT_NAT_SNAT).rawValue)),
          .init(NFTNL_EXPR_NAT_FAMILY, .word(nat.family)),
          .init(NFTNL_EXPR_NAT_REG_ADDR_MIN, nat.addressMin),
          .init(NFTNL_EXPR_NAT_REG_ADDR_MAX, nat.addressMax),
          .init(NFTNL_EXPR_NAT_REG_PROTO_MIN, nat.portMin),
          .init(NFTNL_EXPR_NAT_REG_PROTO_MAX, nat.portMax),
          .init(NFTNL_EXPR_NAT_FLAGS, nat.flags == 0 ? nil : .word(nat.flags)),
        ]
      )
    case .masquerade(let flags, let low, let high):
      (
        "masq",
        [
          .init(NFTNL_EXPR_MASQ_FLAGS, Self.natFlags(flags, low)),
          .init(NFTNL_EXPR_MASQ_REG_PROTO_MIN, low), .init(NFTNL_EXPR_MASQ_REG_PROTO_MAX, high),
        ]
      )
    case .redirect(let flags, let low, let high):
      (
        "redir",
        [
          .init(NFTNL_EXPR_REDIR_FLAGS, Self.natFlags(flags, low)),
          .init(NFTNL_EXPR_REDIR_REG_PROTO_MIN, low), .init(NFTNL_EXPR_REDIR_REG_PROTO_MAX, high),
        ]
      )
    case .tproxy(let family, let address, let port):
      (
        "tproxy",
        [
          .init(NFTNL_EXPR_TPROXY_FAMILY, .word(family)),
          .init(NFTNL_EXPR_TPROXY_REG_ADDR, address), .init(NFTNL_EXPR_TPROXY_REG_PORT, port),
        ]
      )
    case .notrack: ("notrack", [])
    case .synproxy(let synproxy):
      (
        "synproxy",
        [
          .init(NFTNL_EXPR_SYNPROXY_MSS, .half(synproxy.mss ?? 0)),
          .init(NFTNL_EXPR_SYNPROXY_WSCALE, .byte(synproxy.wscale ?? 0)),
          .init(NFTNL_EXPR_SYNPROXY_FLAGS, .word(synproxy.bits)),
        ]
      )
    case .flowOffload(let name):
      ("flow_offload", [.init(NFTNL_EXPR_FLOW_TABLE_NAME, .text(name))])
    case .dup(let address, let device):
      (
        "dup",
        [.init(NFTNL_EXPR_DUP_SREG_ADDR, address), .init(NFTNL_EXPR_DUP_SREG_DEV, device)]
      )
    case .fwd(let device, let address, let family):
      (
        "fwd",
        [
          .init(NFTNL_EXPR_FWD_SREG_DEV, device), .init(NFTNL_EXPR_FWD_SREG_ADDR, address),
          .init(NFTNL_EXPR_FWD_NFPROTO, family.map { .word($0) }),
        ]
      )
    case .queue(let first, let total, let flags, let register):
      (
        "queue",
        [
          .init(NFTNL_EXPR_QUEUE_NUM, register == nil ? .half(first) : nil),
          .init(NFTNL_EXPR_QUEUE_TOTAL, register == nil ? .half(total) : nil),
          .init(NFTNL_EXPR_QUEUE_FLAGS, flags == 0 ? nil : .half(flags)),
          .init(NFTNL_EXPR_QUEUE_SREG_QNUM, register),
        ]
      )
    default: nil
    }
  }

  /// nft sets a flag if there are ports (NF_NAT_RANGE_PROTO_SPECIFIED).
  private static func natFlags(_ flags: UInt32, _ port: Register?) -> NftnlRow.Value? {
    let all = port == nil ? flags : flags | 2
    return all == 0 ? nil : .word(all)
  }
}

extension Nftables.Limit {
  var nftnlType: UInt32 { (isBytes ? NFT_LIMIT_PKT_BYTES : NFT_LIMIT_PKTS).rawValue }
}
