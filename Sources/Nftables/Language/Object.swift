extension Nftables {
  /// State that rules refer to by name.
  public struct NamedObject: Hashable, Sendable {
    public var name: String
    public var content: Content
    public var comment: String?

    public enum Content: Hashable, Sendable {
      case counter(packets: UInt64, bytes: UInt64)
      case quota(Quota)
      case limit(Limit)
      /// `type` is the helper's own name, such as `ftp`.
      case ctHelper(type: String, protocol: TransportProtocol, l3proto: Family?)
      /// Seconds by connection state (`established` and so on); other states keep nft's defaults.
      case ctTimeout(protocol: TransportProtocol, l3proto: Family?, policy: [String: UInt32])
      /// `timeout` is in milliseconds.
      case ctExpectation(
        protocol: TransportProtocol, l3proto: Family?, port: UInt16, timeout: UInt32, size: UInt8)
      /// The name of an SELinux context.
      case secmark(String)
      case synproxy(Synproxy)
    }

    public init(name: String, content: Content, comment: String? = nil) {
      self.name = name
      self.content = content
      self.comment = comment
    }
  }

  public struct Quota: Hashable, Sendable {
    public var bytes: UInt64
    public var used: UInt64
    /// `over` rather than `until`.
    public var isOver: Bool

    public init(bytes: UInt64, used: UInt64 = 0, isOver: Bool = false) {
      self.bytes = bytes
      self.used = used
      self.isOver = isOver
    }
  }

  /// What a SYN proxy tells the client.
  public struct Synproxy: Hashable, Sendable {
    public var mss: UInt16?
    public var wscale: UInt8?
    public var flags: [SynproxyFlag]

    public init(mss: UInt16? = nil, wscale: UInt8? = nil, flags: [SynproxyFlag] = []) {
      self.mss = mss
      self.wscale = wscale
      self.flags = flags
    }

    /// `NF_SYNPROXY_OPT_*`.
    public var bits: UInt32 {
      (mss == nil ? 0 : 1) | (wscale == nil ? 0 : 2) | flags.bits
    }
  }

  public struct Limit: Hashable, Sendable {
    /// Packets or bytes in each `per`.
    public var rate: UInt64
    /// In seconds: 1, 60, 3600, 86400, 604800.
    public var per: UInt64
    public var burst: UInt32
    public var isBytes: Bool
    /// `over`.
    public var isOver: Bool

    public init(
      rate: UInt64, per: UInt64, burst: UInt32, isBytes: Bool = false, isOver: Bool = false
    ) {
      self.rate = rate
      self.per = per
      self.burst = burst
      self.isBytes = isBytes
      self.isOver = isOver
    }
  }
}

extension Nftables.NamedObject.Content {
  public var kind: Nftables.ObjectKind {
    switch self {
    case .counter: .counter
    case .quota: .quota
    case .ctHelper: .ctHelper
    case .limit: .limit
    case .ctTimeout: .ctTimeout
    case .secmark: .secmark
    case .ctExpectation: .ctExpectation
    case .synproxy: .synproxy
    }
  }

  /// `NFT_OBJECT_*`.
  public var type: UInt32 { kind.number }
}
