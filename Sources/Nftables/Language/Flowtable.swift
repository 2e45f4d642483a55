extension Nftables {
  /// Lets established flows bypass the rules, from device to device.
  public struct Flowtable: Hashable, Sendable {
    public var name: String
    /// Always `ingress`.
    public var hook: Hook
    public var priority: Int32
    /// In any order.
    public var devices: [String]
    public var flags: [FlowtableFlag]

    public init(
      name: String, hook: Hook = .ingress, priority: Int32 = 0, devices: [String] = [],
      flags: [FlowtableFlag] = []
    ) {
      self.name = name
      self.hook = hook
      self.priority = priority
      self.devices = devices
      self.flags = flags
    }
  }
}
