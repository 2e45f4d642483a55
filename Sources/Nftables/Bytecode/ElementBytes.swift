extension Nftables.Bytecode {
  /// A key or a value. Up to 16 bytes are stored inline, since sets hold hundreds of thousands of
  /// them.
  @frozen public struct ElementBytes: Sendable {
    /// The first 16 bytes, big-endian, zero-padded.
    @usableFromInline var high: UInt64
    @usableFromInline var low: UInt64
    @usableFromInline var length: Int32
    /// All bytes, if there are more than 16.
    @usableFromInline var whole: [UInt8]?

    @inlinable public init(_ bytes: some Collection<UInt8>) {
      length = Int32(bytes.count)
      var head: UInt128 = 0
      for byte in bytes.prefix(16) { head = head << 8 | UInt128(byte) }
      head <<= UInt128(8 * (16 - Swift.min(16, length)))
      high = UInt64(head >> 64)
      low = UInt64(truncatingIfNeeded: head)
      whole = length > 16 ? Array(bytes) : nil
    }

    @inlinable var head: UInt128 { UInt128(high) << 64 | UInt128(low) }
  }
}

extension Nftables.Bytecode.ElementBytes: Hashable, Comparable {
  /// The same order as `lexicographicallyPrecedes`.
  @inlinable public static func < (a: Self, b: Self) -> Bool {
    if a.head != b.head { return a.head < b.head }
    if a.length <= 16 || b.length <= 16 { return a.length < b.length }
    return a.whole!.lexicographicallyPrecedes(b.whole!)
  }

  @inlinable public static func == (a: Self, b: Self) -> Bool {
    a.high == b.high && a.low == b.low && a.length == b.length
      && (a.length <= 16 || a.whole == b.whole)
  }

  @inlinable public func hash(into hasher: inout Hasher) {
    hasher.combine(high)
    hasher.combine(low)
    hasher.combine(length)
  }
}

extension Nftables.Bytecode.ElementBytes: RandomAccessCollection, ExpressibleByArrayLiteral {
  @inlinable public init(arrayLiteral bytes: UInt8...) { self.init(bytes) }
  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { Int(length) }

  @inlinable public subscript(index: Int) -> UInt8 {
    if let whole { return whole[index] }
    precondition(index >= 0 && index < length)
    return UInt8(truncatingIfNeeded: head >> UInt128(120 - index * 8))
  }
}

extension Nftables.Bytecode.ElementBytes {
  /// The next value of the same length; nil after the last one.
  public var successor: Self? { neighbor(1, wraps: 0) }
  /// The previous value of the same length; nil before the first one.
  public var predecessor: Self? { neighbor(.max, wraps: .max) }

  /// Adds `step` to the last byte; a byte that becomes `wraps` carries into the one before.
  private func neighbor(_ step: UInt8, wraps: UInt8) -> Self? {
    var bytes = Array(self)
    for index in bytes.indices.reversed() {
      bytes[index] &+= step
      if bytes[index] != wraps { return Self(bytes) }
    }
    return nil
  }
}
