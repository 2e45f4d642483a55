public import Model

/// A set as the kernel takes it.
public struct SetProgram: Hashable, Sendable {
  public enum Data: Hashable, Sendable {
    case verdict
    case value(type: UInt32, length: UInt32)
    /// `NFT_OBJECT_*`.
    case object(UInt32)
  }

  /// Empty for an anonymous one.
  public var name: String
  public var keyType: UInt32
  /// Bytes.
  public var keyLength: UInt32
  public var data: Data?
  /// `NFT_SET_*`.
  public var flags: UInt32
  /// Milliseconds.
  public var timeout: UInt64?
  public var gcInterval: UInt32?
  public var size: UInt32?
  /// `NFT_SET_POL_*`.
  public var policy: UInt32
  /// Bytes of each field of a concatenation of intervals.
  public var fields: [UInt32]
  public var userData: [UInt8]
  public var statements: [Instruction]
  /// Sorted by key.
  public var elements: [ElementProgram]
}

extension SetProgram {
  /// The kernel puts a number into an anonymous set's.
  var kernelName: String {
    guard flags & SetFlag.anonymous != 0 else { return name }
    switch data {
    case nil: return "__set%d"
    case .object?: return "__objmap%d"
    case .verdict?, .value?: return "__map%d"
    }
  }
}

/// An element as the kernel takes it.
public struct ElementProgram: Hashable, Sendable {
  public enum Data: Hashable, Sendable {
    case verdict(Nftables.Verdict)
    case value([UInt8])
    case object(String)
  }

  /// Empty for the catch-all.
  public var key: [UInt8]
  /// Of a concatenation of intervals.
  public var keyEnd: [UInt8]?
  public var data: Data?
  /// `NFT_SET_ELEM_*`.
  public var flags: UInt32 = 0
  /// Milliseconds.
  public var timeout: UInt64?
  public var userData: [UInt8] = []
  public var statements: [Instruction] = []
}

extension ElementProgram: Comparable {
  public static func < (left: Self, right: Self) -> Bool {
    if left.key != right.key { return left.key.lexicographicallyPrecedes(right.key) }
    // An interval's end comes before the start of the next one.
    if left.flags != right.flags { return left.flags > right.flags }
    return (left.keyEnd ?? []).lexicographicallyPrecedes(right.keyEnd ?? [])
  }
}

/// `NFT_SET_*`.
enum SetFlag {
  static let anonymous: UInt32 = 0x1
  static let constant: UInt32 = 0x2
  static let interval: UInt32 = 0x4
  static let map: UInt32 = 0x8
  static let timeout: UInt32 = 0x10
  static let dynamic: UInt32 = 0x20
  static let object: UInt32 = 0x40
  static let concat: UInt32 = 0x80
  static let expression: UInt32 = 0x100
}

/// `NFT_SET_ELEM_*`.
enum ElementFlag {
  static let intervalEnd: UInt32 = 0x1
  static let catchAll: UInt32 = 0x2
}
