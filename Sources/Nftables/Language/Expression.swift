extension Nftables {
  /// libnftables-json(5), EXPRESSIONS.
  public indirect enum Expression: Hashable, Sendable {
    // Constants
    case number(UInt64)
    /// An address, a name or a symbolic constant: its type comes from the context.
    case symbol(String)
    case boolean(Bool)
    case prefix(Expression, length: Int)
    case range(Expression, Expression)
    /// Adjacent flags: `established,related`.
    case list([Expression])
    /// An anonymous set, or a map if its elements have data.
    case set([Element])
    /// `@name`.
    case reference(String)
    case verdict(Verdict)

    // Fields of a packet, its metadata or its connection
    case payload(protocol: String, field: String)
    /// `@th,16,16`: raw bits.
    case raw(base: PayloadBase, offset: Int, length: Int)
    case meta(String)
    case ct(key: String, direction: Direction?)
    /// Without a field: whether the header or option exists.
    case option(OptionKind, name: String, field: String?)
    /// Bits of a TCP option by its number: `tcp option @255,8,8`; length 0: whether it exists.
    case rawOption(kind: UInt8, offset: Int, length: Int)
    case fib(result: FIBResult, flags: [FIBFlag])
    case rt(key: String, family: AddressFamily?)
    case socket(String)
    case osf(key: String, ttl: OSFTTL?)
    /// `number`: which transformation, if several are nested.
    case ipsec(key: String, direction: IPsecDirection, number: UInt8, family: AddressFamily?)
    case numgen(mode: NumgenMode, modulus: UInt32, offset: UInt32)
    /// `seed` nil: the kernel chooses a random one.
    case jhash(Expression, modulus: UInt32, seed: UInt32?, offset: UInt32)
    case symhash(modulus: UInt32, offset: UInt32)

    // Combinations
    case concat([Expression])
    case binary(Operator, Expression, Expression)
    case map(key: Expression, data: Expression)

    public enum Operator: String, Hashable, Sendable, CaseIterable {
      case and = "&"
      case or = "|"
      case xor = "^"
      case shiftLeft = "<<"
      case shiftRight = ">>"
    }
  }

  /// Headers that are found by their type.
  public enum OptionKind: String, Hashable, Sendable, CaseIterable {
    case exthdr
    case tcp = "tcp option"
    case ip = "ip option"
    case sctp = "sctp chunk"
  }

  public enum Verdict: Hashable, Sendable {
    case accept, drop, `continue`, `return`
    case jump(String)
    case goto(String)
  }
}

extension Nftables.Verdict {
  /// The chain that the verdict jumps or goes to.
  public var target: String? {
    switch self {
    case .jump(let target), .goto(let target): target
    case .accept, .drop, .continue, .return: nil
    }
  }
}
