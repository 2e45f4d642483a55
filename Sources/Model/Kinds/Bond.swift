/// A bond's own parameters, by iproute2's names; what isn't stated is left as it is.
public struct Bond: Hashable, Sendable {
  // The words of each enumeration stand in the order of the kernel's numbers (`net/bonding.h`).

  public enum Mode: String, CaseIterable, Hashable, Sendable, ValueConvertible {
    case balanceRR = "balance-rr"
    case activeBackup = "active-backup"
    case balanceXOR = "balance-xor"
    case broadcast
    case lacp = "802.3ad"
    case balanceTLB = "balance-tlb"
    case balanceALB = "balance-alb"

    /// Whether one slave carries the traffic until it fails.
    public var hasPrimary: Bool {
      self == .activeBackup || self == .balanceTLB || self == .balanceALB
    }
    /// Whether ARP can tell which slaves are alive (`bond_opts`, `unsuppmodes`).
    public var mayMonitorByARP: Bool {
      self != .lacp && self != .balanceTLB && self != .balanceALB
    }
  }

  public enum ARPValidate: String, CaseIterable, Hashable, Sendable, ValueConvertible {
    case none, active, backup, all, filter
    case filterActive = "filter_active"
    case filterBackup = "filter_backup"
  }

  public enum ARPAllTargets: String, CaseIterable, Hashable, Sendable, ValueConvertible {
    case any, all
  }

  public enum PrimaryReselect: String, CaseIterable, Hashable, Sendable, ValueConvertible {
    case always, better, failure
  }

  public enum FailOverMAC: String, CaseIterable, Hashable, Sendable, ValueConvertible {
    case none, active, follow
  }

  public enum HashPolicy: String, CaseIterable, Hashable, Sendable, ValueConvertible {
    case layer2
    case layer34 = "layer3+4"
    case layer23 = "layer2+3"
    case encap23 = "encap2+3"
    case encap34 = "encap3+4"
    case vlanSourceMAC = "vlan+srcmac"
  }

  public enum LACPRate: String, CaseIterable, Hashable, Sendable, ValueConvertible {
    case slow, fast
  }

  public enum ADSelect: String, CaseIterable, Hashable, Sendable, ValueConvertible {
    case stable, bandwidth, count
  }

  public var mode: Mode?
  /// How often the slaves' carriers are looked at; 0: never.
  public var miimon: Duration?
  /// Multiples of `miimon`.
  public var updelay: Duration?
  public var downdelay: Duration?
  public var peerNotifDelay: Duration?
  /// How often the targets are asked; 0: never.
  public var arpInterval: Duration?
  /// IPv4 addresses, at most 16.
  public var arpIPTargets: [IPAddress]?
  public var arpValidate: ARPValidate?
  public var arpAllTargets: ARPAllTargets?
  public var arpMissedMax: UInt8?
  /// Observed only while it is a slave.
  public var primary: LinkName?
  public var primaryReselect: PrimaryReselect?
  public var failOverMAC: FailOverMAC?
  public var xmitHashPolicy: HashPolicy?
  public var resendIGMP: UInt8?
  public var numGratARP: UInt8?
  public var allSlavesActive: Bool?
  public var minLinks: UInt32?
  public var lpInterval: Duration?
  public var packetsPerSlave: UInt16?
  public var tlbDynamicLB: Bool?
  public var lacpRate: LACPRate?
  public var lacpActive: Bool?
  public var adSelect: ADSelect?
  public var adActorSysPrio: UInt16?
  public var adUserPortKey: UInt16?
  public var adActorSystem: MACAddress?

  public init() {}

  static let properties: [Property<Link>] = [
    // Only a bond without slaves takes these (BOND_OPTFLAG_NOSLAVES).
    Property(
      "mode", .replacing, value: { $0.bond?.mode?.value },
      agrees: { $0.bond?.mode == nil || $0.bond?.mode == $1.bond?.mode }),
    .stated("fail_over_mac", .replacing) { $0.bond?.failOverMAC },
    .stated("miimon") { $0.bond?.miimon },
    .stated("updelay") { $0.bond?.updelay },
    .stated("downdelay") { $0.bond?.downdelay },
    .stated("peer_notif_delay") { $0.bond?.peerNotifDelay },
    .stated("arp_interval") { $0.bond?.arpInterval },
    .stated("arp_ip_target") { $0.bond?.arpIPTargets },
    .stated("arp_validate") { $0.bond?.arpValidate },
    .stated("arp_all_targets") { $0.bond?.arpAllTargets },
    .stated("arp_missed_max") { $0.bond?.arpMissedMax },
    .stated("primary") { $0.bond?.primary },
    .stated("primary_reselect") { $0.bond?.primaryReselect },
    .stated("xmit_hash_policy") { $0.bond?.xmitHashPolicy },
    .stated("resend_igmp") { $0.bond?.resendIGMP },
    .stated("num_grat_arp") { $0.bond?.numGratARP },
    .stated("all_slaves_active") { $0.bond?.allSlavesActive },
    .stated("min_links") { $0.bond?.minLinks },
    .stated("lp_interval") { $0.bond?.lpInterval },
    .stated("packets_per_slave") { $0.bond?.packetsPerSlave },
    whileDown("tlb_dynamic_lb") { $0.tlbDynamicLB },
    whileDown("lacp_rate") { $0.lacpRate },
    whileDown("lacp_active") { $0.lacpActive },
    whileDown("ad_select") { $0.adSelect },
    .stated("ad_actor_sys_prio") { $0.bond?.adActorSysPrio },
    whileDown("ad_user_port_key") { $0.adUserPortKey },
    .stated("ad_actor_system") { $0.bond?.adActorSystem },
  ]

  /// What the kernel takes only while the bond is down (BOND_OPTFLAG_IFDOWN).
  private static func whileDown<V: ValueConvertible>(
    _ name: String, _ get: @escaping @Sendable (Bond) -> V?
  ) -> Property<Link> {
    Property(
      name, mutability: { $1.isUp == false ? .inPlace : .replacing },
      value: { $0.bond.flatMap(get)?.value },
      agrees: { desired, observed in
        guard let wanted = desired.bond.flatMap(get) else { return true }
        return observed.bond.flatMap(get) == wanted
      })
  }
}

extension Link {
  /// The link as observed, with what the kernel doesn't tell: which slave will be the primary, as long
  /// as it isn't enslaved.
  public func seen(wanted: Link, primary slave: Link?) -> Link {
    guard case .bond(var bond) = device, bond.primary == nil, slave?.master != name else {
      return self
    }
    bond.primary = wanted.bond?.primary
    var link = self
    link.device = .bond(bond)
    return link
  }
}
