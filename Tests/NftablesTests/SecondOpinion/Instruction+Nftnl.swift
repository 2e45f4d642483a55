import CNftnl
import Model
import Nftables

extension Instruction {
  /// libnftnl's name of the expression and its attributes; `ids` maps anonymous sets to their ids.
  ///
  /// Nil for what libnftnl can't express: of `opaque` we keep the kernel's own bytes.
  func nftnl(_ ids: [SetProgram: UInt32]) -> (name: String, rows: [NftnlRow])? {
    nftnlLoad ?? nftnlTest(ids) ?? nftnlAction
  }

  /// Owned by the caller; nil if libnftnl has no such expression.
  func nftnlExpression(_ ids: [SetProgram: UInt32]) -> OpaquePointer? {
    guard let (name, rows) = nftnl(ids), let expression = nftnl_expr_alloc(name) else { return nil }
    for row in rows { row.tell { nftnl_expr_set(expression, $0, $1, $2) } }
    if case .dynset(let dynset) = self {
      for statement in dynset.statements {
        guard let inner = statement.nftnlExpression(ids) else { return nil }
        nftnl_expr_add_expr(expression, UInt32(NFTNL_EXPR_DYNSET_EXPR), inner)
      }
    }
    return expression
  }

  private var nftnlLoad: (name: String, rows: [NftnlRow])? {
    switch self {
    case .immediate(let register, let bytes):
      (
        "immediate",
        [.init(NFTNL_EXPR_IMM_DREG, register), .init(NFTNL_EXPR_IMM_DATA, .bytes(bytes))]
      )
    case .verdict(let verdict):
      (
        "immediate",
        [
          .init(NFTNL_EXPR_IMM_DREG, .word(0)),
          .init(NFTNL_EXPR_IMM_VERDICT, .word(verdict.nftnlCode)),
          .init(NFTNL_EXPR_IMM_CHAIN, verdict.target.map { .text($0) }),
        ]
      )
    case .meta(let key, let register):
      ("meta", [.init(NFTNL_EXPR_META_KEY, .word(key)), .init(NFTNL_EXPR_META_DREG, register)])
    case .metaSet(let key, let register):
      ("meta", [.init(NFTNL_EXPR_META_KEY, .word(key)), .init(NFTNL_EXPR_META_SREG, register)])
    case .ct(let key, let direction, let register):
      (
        "ct",
        [
          .init(NFTNL_EXPR_CT_KEY, .word(key)), .init(NFTNL_EXPR_CT_DREG, register),
          .init(NFTNL_EXPR_CT_DIR, direction.map { .byte($0) }),
        ]
      )
    case .ctSet(let key, let direction, let register):
      (
        "ct",
        [
          .init(NFTNL_EXPR_CT_KEY, .word(key)), .init(NFTNL_EXPR_CT_SREG, register),
          .init(NFTNL_EXPR_CT_DIR, direction.map { .byte($0) }),
        ]
      )
    case .payload(let range, let register):
      ("payload", [.init(NFTNL_EXPR_PAYLOAD_DREG, register)] + range.nftnl)
    case .payloadWrite(let range, let register, let checksum):
      (
        "payload",
        [
          .init(NFTNL_EXPR_PAYLOAD_SREG, register),
          .init(NFTNL_EXPR_PAYLOAD_CSUM_TYPE, .word(checksum.type)),
          .init(NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, .word(checksum.offset)),
          .init(NFTNL_EXPR_PAYLOAD_FLAGS, .word(checksum.flags)),
        ] + range.nftnl
      )
    case .exthdr(let range, let flags, let register):
      (
        "exthdr",
        [
          .init(NFTNL_EXPR_EXTHDR_DREG, register), .init(NFTNL_EXPR_EXTHDR_FLAGS, .word(flags)),
        ] + range.nftnl
      )
    case .exthdrWrite(let range, let register):
      ("exthdr", [.init(NFTNL_EXPR_EXTHDR_SREG, register)] + range.nftnl)
    case .exthdrReset(let type):
      (
        "exthdr",
        [
          .init(NFTNL_EXPR_EXTHDR_TYPE, .byte(type)),
          .init(NFTNL_EXPR_EXTHDR_OP, .word(NFT_EXTHDR_OP_TCPOPT.rawValue)),
        ]
      )
    case .hash(let hash, let register):
      (
        "hash",
        [
          .init(NFTNL_EXPR_HASH_SREG, hash.source), .init(NFTNL_EXPR_HASH_DREG, register),
          .init(NFTNL_EXPR_HASH_LEN, hash.source.map { _ in .word(hash.length) }),
          .init(NFTNL_EXPR_HASH_MODULUS, .word(hash.modulus)),
          .init(NFTNL_EXPR_HASH_SEED, hash.seed.map { .word($0) }),
          .init(NFTNL_EXPR_HASH_OFFSET, .word(hash.offset)),
          .init(
            NFTNL_EXPR_HASH_TYPE,
            .word((hash.source == nil ? NFT_HASH_SYM : NFT_HASH_JENKINS).rawValue)),
        ]
      )
    case .numgen(let isRandom, let modulus, let offset, let register):
      (
        "numgen",
        [
          .init(NFTNL_EXPR_NG_DREG, register), .init(NFTNL_EXPR_NG_MODULUS, .word(modulus)),
          .init(NFTNL_EXPR_NG_OFFSET, .word(offset)),
          .init(
            NFTNL_EXPR_NG_TYPE, .word((isRandom ? NFT_NG_RANDOM : NFT_NG_INCREMENTAL).rawValue)),
        ]
      )
    case .fib(let result, let flags, let register):
      (
        "fib",
        [
          .init(NFTNL_EXPR_FIB_DREG, register), .init(NFTNL_EXPR_FIB_RESULT, .word(result)),
          .init(NFTNL_EXPR_FIB_FLAGS, .word(flags)),
        ]
      )
    case .rt(let key, let register):
      ("rt", [.init(NFTNL_EXPR_RT_KEY, .word(key)), .init(NFTNL_EXPR_RT_DREG, register)])
    case .socket(let key, let level, let register):
      (
        "socket",
        [
          .init(NFTNL_EXPR_SOCKET_KEY, .word(key)), .init(NFTNL_EXPR_SOCKET_DREG, register),
          .init(NFTNL_EXPR_SOCKET_LEVEL, level.map { .word($0) }),
        ]
      )
    case .xfrm(let key, let direction, let number, let register):
      (
        "xfrm",
        [
          .init(NFTNL_EXPR_XFRM_DREG, register), .init(NFTNL_EXPR_XFRM_KEY, .word(key)),
          .init(NFTNL_EXPR_XFRM_DIR, .byte(direction)),
          .init(NFTNL_EXPR_XFRM_SPNUM, .word(number)),
        ]
      )
    case .osf(let ttl, let flags, let register):
      (
        "osf",
        [
          .init(NFTNL_EXPR_OSF_DREG, register), .init(NFTNL_EXPR_OSF_TTL, .byte(ttl)),
          .init(NFTNL_EXPR_OSF_FLAGS, flags == 0 ? nil : .word(flags)),
        ]
      )
    default: nil
    }
  }

  private func nftnlTest(_ ids: [SetProgram: UInt32]) -> (name: String, rows: [NftnlRow])? {
    func rows(_ set: SetName, _ name: Int, _ id: Int) -> [NftnlRow] {
      switch set {
      case .named(let text): [.init(name, .text(text))]
      case .anonymous(let program):
        [.init(name, .text(program.kernelName)), .init(id, ids[program].map { .word($0) })]
      }
    }
    switch self {
    case .bitwise(let source, let destination, let mask, let xor):
      return (
        "bitwise",
        [
          .init(NFTNL_EXPR_BITWISE_SREG, source), .init(NFTNL_EXPR_BITWISE_DREG, destination),
          .init(NFTNL_EXPR_BITWISE_OP, .word(0)),  // NFT_BITWISE_BOOL
          .init(NFTNL_EXPR_BITWISE_LEN, .word(UInt32(mask.count))),
          .init(NFTNL_EXPR_BITWISE_MASK, .bytes(mask)), .init(NFTNL_EXPR_BITWISE_XOR, .bytes(xor)),
        ]
      )
    case .shift(let source, let destination, let length, let isLeft, let amount):
      return (
        "bitwise",
        [
          .init(NFTNL_EXPR_BITWISE_SREG, source), .init(NFTNL_EXPR_BITWISE_DREG, destination),
          .init(
            NFTNL_EXPR_BITWISE_OP,
            .word(isLeft ? 1 : 2)),
          .init(NFTNL_EXPR_BITWISE_LEN, .word(length)),
          .init(NFTNL_EXPR_BITWISE_DATA, .word(amount)),
        ]
      )
    case .byteorder(let source, let destination, let toNetwork, let length, let size):
      return (
        "byteorder",
        [
          .init(NFTNL_EXPR_BYTEORDER_SREG, source), .init(NFTNL_EXPR_BYTEORDER_DREG, destination),
          .init(
            NFTNL_EXPR_BYTEORDER_OP,
            .word((toNetwork ? NFT_BYTEORDER_HTON : NFT_BYTEORDER_NTOH).rawValue)),
          .init(NFTNL_EXPR_BYTEORDER_LEN, .word(length)),
          .init(NFTNL_EXPR_BYTEORDER_SIZE, .word(size)),
        ]
      )
    case .cmp(let register, let comparison, let bytes):
      return (
        "cmp",
        [
          .init(NFTNL_EXPR_CMP_SREG, register),
          .init(NFTNL_EXPR_CMP_OP, .word(comparison.nftnl.rawValue)),
          .init(NFTNL_EXPR_CMP_DATA, .bytes(bytes)),
        ]
      )
    case .range(let register, let isInverted, let from, let to):
      return (
        "range",
        [
          .init(NFTNL_EXPR_RANGE_SREG, register),
          .init(
            NFTNL_EXPR_RANGE_OP, .word((isInverted ? NFT_RANGE_NEQ : NFT_RANGE_EQ).rawValue)),
          .init(NFTNL_EXPR_RANGE_FROM_DATA, .bytes(from)),
          .init(NFTNL_EXPR_RANGE_TO_DATA, .bytes(to)),
        ]
      )
    case .lookup(let set, let register, let destination, let isInverted):
      return (
        "lookup",
        rows(set, NFTNL_EXPR_LOOKUP_SET, NFTNL_EXPR_LOOKUP_SET_ID) + [
          .init(NFTNL_EXPR_LOOKUP_SREG, register), .init(NFTNL_EXPR_LOOKUP_DREG, destination),
          .init(NFTNL_EXPR_LOOKUP_FLAGS, isInverted ? .word(NFT_LOOKUP_F_INV.rawValue) : nil),
        ]
      )
    case .verdictLookup(let set, let register):
      return (
        "lookup",
        rows(set, NFTNL_EXPR_LOOKUP_SET, NFTNL_EXPR_LOOKUP_SET_ID) + [
          .init(NFTNL_EXPR_LOOKUP_SREG, register),
          .init(NFTNL_EXPR_LOOKUP_DREG, .word(NFT_REG_VERDICT.rawValue)),
        ]
      )
    case .objectLookup(let set, let register):
      return (
        "objref",
        rows(set, NFTNL_EXPR_OBJREF_SET_NAME, NFTNL_EXPR_OBJREF_SET_ID) + [
          .init(NFTNL_EXPR_OBJREF_SET_SREG, register)
        ]
      )
    case .object(let type, let name):
      return (
        "objref",
        [
          .init(NFTNL_EXPR_OBJREF_IMM_TYPE, .word(type)),
          .init(NFTNL_EXPR_OBJREF_IMM_NAME, .text(name)),
        ]
      )
    case .dynset(let dynset):
      return (
        "dynset",
        rows(dynset.set, NFTNL_EXPR_DYNSET_SET_NAME, NFTNL_EXPR_DYNSET_SET_ID) + [
          .init(NFTNL_EXPR_DYNSET_SREG_KEY, dynset.key),
          .init(NFTNL_EXPR_DYNSET_SREG_DATA, dynset.data),
          .init(NFTNL_EXPR_DYNSET_OP, .word(dynset.operation)),
          .init(NFTNL_EXPR_DYNSET_TIMEOUT, dynset.timeout == 0 ? nil : .long(dynset.timeout)),
          .init(
            NFTNL_EXPR_DYNSET_FLAGS,
            dynset.statements.count > 1 ? .word(NFT_DYNSET_F_EXPR.rawValue) : nil),
        ]
      )
    default: return nil
    }
  }
}

extension PayloadRange {
  fileprivate var nftnl: [NftnlRow] {
    [
      .init(NFTNL_EXPR_PAYLOAD_BASE, .word(base)), .init(NFTNL_EXPR_PAYLOAD_OFFSET, .word(offset)),
      .init(NFTNL_EXPR_PAYLOAD_LEN, .word(length)),
    ]
  }
}

extension OptionRange {
  fileprivate var nftnl: [NftnlRow] {
    [
      .init(NFTNL_EXPR_EXTHDR_TYPE, .byte(type)), .init(NFTNL_EXPR_EXTHDR_OFFSET, .word(offset)),
      .init(NFTNL_EXPR_EXTHDR_LEN, .word(length)),
      .init(NFTNL_EXPR_EXTHDR_OP, .word(operation)),
    ]
  }
}

extension Comparison {
  fileprivate var nftnl: nft_cmp_ops {
    switch self {
    case .equal: NFT_CMP_EQ
    case .notEqual: NFT_CMP_NEQ
    case .less: NFT_CMP_LT
    case .lessOrEqual: NFT_CMP_LTE
    case .greater: NFT_CMP_GT
    case .greaterOrEqual: NFT_CMP_GTE
    }
  }
}

extension Nftables.Verdict {
  var nftnlCode: UInt32 {
    switch self {
    case .drop: 0  // NF_DROP
    case .accept: 1  // NF_ACCEPT
    case .continue: UInt32(bitPattern: NFT_CONTINUE.rawValue)
    case .jump: UInt32(bitPattern: NFT_JUMP.rawValue)
    case .goto: UInt32(bitPattern: NFT_GOTO.rawValue)
    case .return: UInt32(bitPattern: NFT_RETURN.rawValue)
    }
  }
}
