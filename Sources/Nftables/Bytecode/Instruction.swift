extension Nftables.Bytecode {
  /// One expression of the kernel's nftables machine (`net/netfilter/nft_*.c`), as a plain value.
  ///
  /// Numbers are the kernel's (`linux/netfilter/nf_tables.h`); data is as registers hold it.
  public indirect enum Instruction: Hashable, Sendable {
    case immediate(Register, [UInt8])
    case verdict(Nftables.Verdict)
    case meta(UInt32, Register)
    case metaSet(UInt32, Register)
    case ct(UInt32, direction: UInt8?, Register)
    case ctSet(UInt32, direction: UInt8?, Register)
    case payload(PayloadRange, Register)
    case payloadWrite(PayloadRange, Register, Checksum)
    case exthdr(OptionRange, flags: UInt32, Register)
    case exthdrWrite(OptionRange, Register)
    /// Overwrites a TCP option of this kind.
    case exthdrReset(UInt8)
    case bitwise(Register, to: Register, mask: [UInt8], xor: [UInt8])
    case shift(Register, to: Register, length: UInt32, isLeft: Bool, UInt32)
    case byteorder(Register, to: Register, toNetwork: Bool, length: UInt32, size: UInt32)
    case cmp(Register, Comparison, [UInt8])
    case range(Register, isInverted: Bool, [UInt8], [UInt8])
    case lookup(SetName, Register, to: Register?, isInverted: Bool)
    /// Looks up a verdict.
    case verdictLookup(SetName, Register)
    case dynset(Dynset)
    case hash(Hash, Register)
    case numgen(isRandom: Bool, modulus: UInt32, offset: UInt32, Register)
    case fib(result: UInt32, flags: UInt32, Register)
    case rt(UInt32, Register)
    case socket(UInt32, level: UInt32?, Register)
    /// `direction`: 0 in, 1 out.
    case xfrm(UInt32, direction: UInt8, number: UInt32, Register)
    case osf(ttl: UInt8, flags: UInt32, Register)
    case counter(packets: UInt64, bytes: UInt64)
    case limit(Nftables.Limit)
    case quota(Nftables.Quota)
    case connectionLimit(UInt32, isOver: Bool)
    case last
    case log(Log)
    case reject(type: UInt32, code: UInt8)
    case nat(NAT)
    case masquerade(flags: UInt32, Register?, Register?)
    case redirect(flags: UInt32, Register?, Register?)
    case tproxy(family: UInt32, address: Register?, port: Register?)
    case notrack
    case synproxy(Nftables.Synproxy)
    case dup(address: Register?, device: Register?)
    case fwd(device: Register, address: Register?, family: UInt32?)
    case flowOffload(String)
    case queue(first: UInt16, total: UInt16, flags: UInt16, Register?)
    case object(type: UInt32, name: String)
    case objectLookup(SetName, Register)
    /// An instruction that we can't read, made by a newer tool: its name and its attributes.
    case opaque(String, [UInt8])
  }
}

extension Nftables.Bytecode {
  /// A register, by its first 32-bit cell, 0 to 15.
  public struct Register: Hashable, Sendable {
    public var cell: UInt32

    public init(_ cell: UInt32) { self.cell = cell }

    /// From `enum nft_registers`: 1 to 4 for a register at a 128-bit boundary, otherwise 8 and up.
    public init?(number: UInt32) {
      switch number {
      case 1...4: cell = (number - 1) * 4
      case 8...23: cell = number - 8
      default: return nil
      }
    }

    public var number: UInt32 { cell % 4 == 0 ? 1 + cell / 4 : 8 + cell }
  }
}

extension Nftables.Bytecode {
  /// `enum nft_cmp_ops`.
  public enum Comparison: UInt32, Hashable, Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  }
}

extension Nftables.Bytecode {
  /// A range of a packet's bytes.
  public struct PayloadRange: Hashable, Sendable {
    /// 0 link, 1 network, 2 transport.
    public var base: UInt32
    public var offset: UInt32
    public var length: UInt32

    public init(
      base: UInt32, offset: UInt32, length: UInt32
    ) {
      self.base = base
      self.offset = offset
      self.length = length
    }
  }
}

extension Nftables.Bytecode {
  public struct Checksum: Hashable, Sendable {
    /// 0 none, 1 the internet checksum.
    public var type: UInt32 = 0
    public var offset: UInt32 = 0
    /// 1: the field is part of the transport's pseudo-header too, whose checksum is updated.
    public var flags: UInt32 = 0

    public init(
      type: UInt32 = 0, offset: UInt32 = 0, flags: UInt32 = 0
    ) {
      self.type = type
      self.offset = offset
      self.flags = flags
    }
  }
}

extension Nftables.Bytecode {
  /// A range of an extension header's or option's bytes.
  public struct OptionRange: Hashable, Sendable {
    /// 0 IPv6, 1 TCP, 2 IPv4, 3 SCTP.
    public var operation: UInt32
    public var type: UInt8
    public var offset: UInt32
    public var length: UInt32

    public init(
      operation: UInt32, type: UInt8, offset: UInt32, length: UInt32
    ) {
      self.operation = operation
      self.type = type
      self.offset = offset
      self.length = length
    }
  }
}

extension Nftables.Bytecode {
  /// A set by its name, or an anonymous set by its content.
  public enum SetName: Hashable, Sendable {
    case named(String)
    case anonymous(SetProgram)
  }
}

extension Nftables.Bytecode {
  public struct Hash: Hashable, Sendable {
    /// Nil for symhash.
    public var source: Register?
    public var length: UInt32 = 0
    public var modulus: UInt32
    public var seed: UInt32?
    public var offset: UInt32

    public init(
      source: Register? = nil, length: UInt32 = 0, modulus: UInt32, seed: UInt32? = nil,
      offset: UInt32
    ) {
      self.source = source
      self.length = length
      self.modulus = modulus
      self.seed = seed
      self.offset = offset
    }
  }
}

extension Nftables.Bytecode {
  public struct Dynset: Hashable, Sendable {
    /// The set; a meter's is anonymous.
    public var set: SetName
    /// 0 add, 1 update, 2 delete.
    public var operation: UInt32
    public var key: Register
    public var data: Register?
    /// In milliseconds; 0: the set's own.
    public var timeout: UInt64
    public var statements: [Instruction]

    public init(
      set: SetName, operation: UInt32, key: Register, data: Register? = nil, timeout: UInt64,
      statements: [Instruction]
    ) {
      self.set = set
      self.operation = operation
      self.key = key
      self.data = data
      self.timeout = timeout
      self.statements = statements
    }
  }
}

extension Nftables.Bytecode {
  public struct Log: Hashable, Sendable {
    public var prefix: String?
    public var group: UInt16?
    public var snaplen: UInt32?
    public var threshold: UInt16?
    /// nf_tables' own numbers: 0 `emerg` to 7 `debug`, 8 `audit`.
    public var level: UInt32?
    public var flags: UInt32

    public init(
      prefix: String? = nil, group: UInt16? = nil, snaplen: UInt32? = nil, threshold: UInt16? = nil,
      level: UInt32? = nil, flags: UInt32
    ) {
      self.prefix = prefix
      self.group = group
      self.snaplen = snaplen
      self.threshold = threshold
      self.level = level
      self.flags = flags
    }
  }
}

extension Nftables.Bytecode {
  public struct NAT: Hashable, Sendable {
    /// Otherwise the source's.
    public var isDestination: Bool
    /// `NFPROTO_*`.
    public var family: UInt32
    public var addressMin: Register?
    public var addressMax: Register?
    public var portMin: Register?
    public var portMax: Register?
    /// Without the flags that the registers imply.
    public var flags: UInt32

    public init(
      isDestination: Bool, family: UInt32, addressMin: Register? = nil, addressMax: Register? = nil,
      portMin: Register? = nil, portMax: Register? = nil, flags: UInt32
    ) {
      self.isDestination = isDestination
      self.family = family
      self.addressMin = addressMin
      self.addressMax = addressMax
      self.portMin = portMin
      self.portMax = portMax
      self.flags = flags
    }
  }
}

extension Nftables.Bytecode.Log {
  /// With the kernel's defaults for what isn't stated.
  public var normal: Nftables.Bytecode.Log {
    var log = self
    if log.level == 4 { log.level = nil }
    if log.snaplen == 0 { log.snaplen = nil }
    if log.threshold == 0 { log.threshold = nil }
    return log
  }
}
