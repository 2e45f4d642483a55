/// The time between two advertisements: 10 ms to 40.95 s, in the centiseconds of version 3's 12 bits.
public struct Interval: Hashable, Sendable {
  public let centiseconds: UInt16

  public init?(centiseconds: UInt16) {
    guard (1...4095).contains(centiseconds) else { return nil }
    self.centiseconds = centiseconds
  }

  public static let second = Interval(centiseconds: 100)!

  public var nanoseconds: Int64 { Int64(centiseconds) * 10_000_000 }

  /// In version 2's unit; nil if it isn't whole.
  public var seconds: UInt8? {
    centiseconds.isMultiple(of: 100) ? UInt8(centiseconds / 100) : nil
  }
}

extension Interval: CustomStringConvertible {
  /// `1s`, `250ms`.
  public var description: String {
    seconds.map { "\($0)s" } ?? "\(UInt32(centiseconds) * 10)ms"
  }
}
