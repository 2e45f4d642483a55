/// A bridge's own parameters; what isn't stated is left as it is.
public struct Bridge: Hashable, Sendable {
  public var stp: Bool?
  public var vlanFiltering: Bool?
  /// How long a learnt address lasts; the kernel keeps it in hundredths of a second.
  public var ageingTime: Duration?
  /// 2 s to 30 s while STP is on.
  public var forwardDelay: Duration?
  /// The bridge's STP priority; lower wins.
  public var priority: UInt16?
  /// The VLAN that a new port is a member of, untagged; 0: none.
  public var vlanDefaultPVID: UInt16?
  /// Which tags tell VLANs apart.
  public var vlanProtocol: VLAN.TagProtocol?

  public init() {}

  static let properties: [Property<Link>] = [
    .stated("stp_state") { $0.bridge?.stp },
    .stated("priority") { $0.bridge?.priority },
    .stated("forward_delay") { $0.bridge?.forwardDelay },
    .stated("ageing_time") { $0.bridge?.ageingTime },
    .stated("vlan_filtering") { $0.bridge?.vlanFiltering },
    .stated("vlan_default_pvid") { $0.bridge?.vlanDefaultPVID },
    .stated("vlan_protocol") { $0.bridge?.vlanProtocol?.rawValue },
  ]
}
