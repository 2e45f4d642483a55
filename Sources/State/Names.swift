/// Names of tables and protocols that a machine adds to those of iproute2: what
/// `/etc/iproute2/rt_tables` and `rt_protos` say.
public struct Names: Hashable, Sendable {
  public var tables: [String: UInt32]
  public var protocols: [String: UInt8]

  public init(tables: [String: UInt32] = [:], protocols: [String: UInt8] = [:]) {
    self.tables = tables
    self.protocols = protocols
  }
}
