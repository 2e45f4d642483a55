extension Nftables {
  /// Where established flows take the short way past the rules: from device to device.
  public struct Flowtable: Hashable, Sendable {
    public var name: String
    /// `ingress`, the only one that there is.
    public var hook: String
    public var priority: Int32
    /// In any order.
    public var devices: [String]
    /// `offload`, `counter`.
    public var flags: [String]

    public init(
      name: String, hook: String = "ingress", priority: Int32 = 0, devices: [String] = [],
      flags: [String] = []
    ) {
      self.name = name
      self.hook = hook
      self.priority = priority
      self.devices = devices
      self.flags = flags
    }

    /// `NFT_FLOWTABLE_*`.
    public static let flagBits: [(bit: UInt32, name: String)] = [(1, "offload"), (2, "counter")]

    public var bits: UInt32 {
      Self.flagBits.reduce(0) { $0 | (flags.contains($1.name) ? $1.bit : 0) }
    }
  }
}
