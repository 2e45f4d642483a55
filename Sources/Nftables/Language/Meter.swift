extension Nftables {
  /// A rule's own set, which packets fill: `meter m size 1024 { ip saddr limit rate 10/second }`.
  public struct Meter: Hashable, Sendable {
    public var name: String
    public var size: UInt32
    /// The key, how long an entry lasts, and the statement that each entry carries.
    public var element: Element

    public init(_ name: String, size: UInt32 = defaultSize, _ element: Element) {
      self.name = name
      self.size = size == 0 ? Self.defaultSize : size
      self.element = element
    }

    public static let defaultSize = Bytecode.SetProgram.sizeOfFilled
  }
}
