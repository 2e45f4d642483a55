public import Nftables

/// Names that a machine adds to iproute2's.
public struct Names: Sendable {
  /// From `/etc/iproute2/rt_tables`.
  public var tables: [String: UInt32]
  /// From `/etc/iproute2/rt_protos`.
  public var protocols: [String: UInt8]
  /// For nftables' constants.
  public var nftables: MachineNames

  public init(
    tables: [String: UInt32] = [:], protocols: [String: UInt8] = [:],
    nftables: MachineNames = MachineNames()
  ) {
    self.tables = tables
    self.protocols = protocols
    self.nftables = nftables
  }
}
