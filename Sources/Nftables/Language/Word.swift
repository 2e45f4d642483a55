extension Nftables {
  /// A closed set of words that nft, the state file and ``Nftables`` spell alike.
  public protocol Word: RawRepresentable<String>, CaseIterable, Hashable, Sendable {}

  /// A word that stands for a number of the kernel's.
  public protocol NumberedWord: Word {
    associatedtype Number: FixedWidthInteger
    var number: Number { get }
  }

  /// A word that stands for a bit.
  public protocol Flag: Word {
    var bit: UInt32 { get }
  }

  public enum TableFlag: String, Flag {
    case dormant, owner, persist

    /// `NFT_TABLE_F_*`.
    public var bit: UInt32 {
      switch self {
      case .dormant: 1
      case .owner: 2
      case .persist: 4
      }
    }
  }

  public enum FlowtableFlag: String, Flag {
    case offload, counter

    /// `NFT_FLOWTABLE_*`.
    public var bit: UInt32 {
      switch self {
      case .offload: 1
      case .counter: 2
      }
    }
  }

  public enum SynproxyFlag: String, Flag {
    case timestamp
    case sackPerm = "sack-perm"

    /// `NF_SYNPROXY_OPT_*`.
    public var bit: UInt32 {
      switch self {
      case .timestamp: 8
      case .sackPerm: 4
      }
    }
  }

  public enum NATFlag: String, Flag {
    case random
    case fullyRandom = "fully-random"
    case persistent, netmap

    /// `NF_NAT_RANGE_*`.
    public var bit: UInt32 {
      switch self {
      case .random: 4
      case .fullyRandom: 16
      case .persistent: 8
      case .netmap: 64
      }
    }
  }

  public enum QueueFlag: String, Flag {
    case bypass, fanout

    /// `NFT_QUEUE_FLAG_*`.
    public var bit: UInt32 {
      switch self {
      case .bypass: 1
      case .fanout: 2
      }
    }
  }

  public enum LogFlag: String, Flag {
    case tcpSequence = "tcp sequence"
    case tcpOptions = "tcp options"
    case ipOptions = "ip options"
    case skuid, ether, all

    /// `NF_LOG_*`.
    public var bit: UInt32 {
      switch self {
      case .tcpSequence: 1
      case .tcpOptions: 2
      case .ipOptions: 4
      case .skuid: 8
      case .ether: 32
      case .all: 47
      }
    }
  }

  /// In the kernel's order, from 0.
  public enum LogLevel: String, Word {
    case emerg, alert, crit, err, warn, notice, info, debug, audit
  }

  public enum RejectType: String, Word {
    case tcpReset = "tcp reset"
    case icmp, icmpv6, icmpx
  }

  public enum FIBResult: String, NumberedWord {
    case type, oif, oifname

    /// `NFT_FIB_RESULT_*`.
    public var number: UInt32 {
      switch self {
      case .oif: 1
      case .oifname: 2
      case .type: 3
      }
    }
  }

  public enum FIBFlag: String, Flag {
    case saddr, daddr, mark, iif, oif

    /// `NFTA_FIB_F_*`.
    public var bit: UInt32 {
      switch self {
      case .saddr: 1
      case .daddr: 2
      case .mark: 4
      case .iif: 8
      case .oif: 16
      }
    }
  }

  /// A connection's direction, in the kernel's order.
  public enum Direction: String, Word {
    case original, reply
  }

  /// A transformation's direction, in the kernel's order.
  public enum IPsecDirection: String, Word {
    case `in`, out
  }

  /// Where offsets count from, in the kernel's order: link, network, transport, inner header.
  public enum PayloadBase: String, Word {
    case ll, nh, th, ih
  }

  public enum NumgenMode: String, Word {
    case inc, random
  }

  public enum OSFTTL: String, NumberedWord {
    case loose, skip

    public var number: UInt8 {
      switch self {
      case .loose: 1
      case .skip: 2
      }
    }
  }

  /// The kinds of named objects.
  public enum ObjectKind: String, NumberedWord {
    case counter, quota, limit
    case ctHelper = "ct helper"
    case ctTimeout = "ct timeout"
    case ctExpectation = "ct expectation"
    case secmark, synproxy

    /// `NFT_OBJECT_*`.
    public var number: UInt32 {
      switch self {
      case .counter: 1
      case .quota: 2
      case .ctHelper: 3
      case .limit: 4
      case .ctTimeout: 7
      case .secmark: 8
      case .ctExpectation: 9
      case .synproxy: 10
      }
    }
  }

  /// How the kernel chooses a set's implementation, in its order.
  public enum SetPolicy: String, Word {
    case performance, memory
  }
}

extension Nftables.Word {
  /// The word's number, if the kernel numbers them in order.
  var index: Int { Array(Self.allCases).firstIndex(of: self)! }

  init?(index: Int) {
    let all = Array(Self.allCases)
    guard all.indices.contains(index) else { return nil }
    self = all[index]
  }
}

extension Nftables.Flag {
  /// In declaration order.
  public static func flags(in bits: UInt32) -> [Self] { allCases.filter { bits & $0.bit != 0 } }
}

extension Sequence where Element: Nftables.Flag {
  public var bits: UInt32 { reduce(0) { $0 | $1.bit } }
}

extension Nftables.NumberedWord {
  /// Nil for a number that no word stands for.
  public init?(number: Number) {
    guard let word = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = word
  }
}
