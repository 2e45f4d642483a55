internal import CLinux

/// Data of a bond.
public enum IFLABond {
  public static var miimon: UInt16 { UInt16(IFLA_BOND_MIIMON) }
  public static var mode: UInt16 { UInt16(IFLA_BOND_MODE) }
  public static var updelay: UInt16 { UInt16(IFLA_BOND_UPDELAY) }
  public static var downdelay: UInt16 { UInt16(IFLA_BOND_DOWNDELAY) }
  public static var arpInterval: UInt16 { UInt16(IFLA_BOND_ARP_INTERVAL) }
  public static var arpIPTarget: UInt16 { UInt16(IFLA_BOND_ARP_IP_TARGET) }
  public static var arpValidate: UInt16 { UInt16(IFLA_BOND_ARP_VALIDATE) }
  public static var arpAllTargets: UInt16 { UInt16(IFLA_BOND_ARP_ALL_TARGETS) }
  public static var primary: UInt16 { UInt16(IFLA_BOND_PRIMARY) }
  public static var primaryReselect: UInt16 { UInt16(IFLA_BOND_PRIMARY_RESELECT) }
  public static var failOverMAC: UInt16 { UInt16(IFLA_BOND_FAIL_OVER_MAC) }
  public static var xmitHashPolicy: UInt16 { UInt16(IFLA_BOND_XMIT_HASH_POLICY) }
  public static var resendIGMP: UInt16 { UInt16(IFLA_BOND_RESEND_IGMP) }
  public static var numPeerNotif: UInt16 { UInt16(IFLA_BOND_NUM_PEER_NOTIF) }
  public static var allSlavesActive: UInt16 { UInt16(IFLA_BOND_ALL_SLAVES_ACTIVE) }
  public static var minLinks: UInt16 { UInt16(IFLA_BOND_MIN_LINKS) }
  public static var lpInterval: UInt16 { UInt16(IFLA_BOND_LP_INTERVAL) }
  public static var packetsPerSlave: UInt16 { UInt16(IFLA_BOND_PACKETS_PER_SLAVE) }
  public static var lacpRate: UInt16 { UInt16(IFLA_BOND_AD_LACP_RATE) }
  public static var adSelect: UInt16 { UInt16(IFLA_BOND_AD_SELECT) }
  public static var adActorSysPrio: UInt16 { UInt16(IFLA_BOND_AD_ACTOR_SYS_PRIO) }
  public static var adUserPortKey: UInt16 { UInt16(IFLA_BOND_AD_USER_PORT_KEY) }
  public static var adActorSystem: UInt16 { UInt16(IFLA_BOND_AD_ACTOR_SYSTEM) }
  public static var tlbDynamicLB: UInt16 { UInt16(IFLA_BOND_TLB_DYNAMIC_LB) }
  public static var peerNotifDelay: UInt16 { UInt16(IFLA_BOND_PEER_NOTIF_DELAY) }
  public static var lacpActive: UInt16 { UInt16(IFLA_BOND_AD_LACP_ACTIVE) }
  public static var missedMax: UInt16 { UInt16(IFLA_BOND_MISSED_MAX) }
}

/// Data of an ipip, sit or ip6tnl tunnel (`linux/if_tunnel.h`).
public enum IFLAIPTunnel {
  public static var link: UInt16 { UInt16(IFLA_IPTUN_LINK) }
  public static var local: UInt16 { UInt16(IFLA_IPTUN_LOCAL) }
  public static var remote: UInt16 { UInt16(IFLA_IPTUN_REMOTE) }
  public static var ttl: UInt16 { UInt16(IFLA_IPTUN_TTL) }
  public static var tos: UInt16 { UInt16(IFLA_IPTUN_TOS) }
  public static var encapLimit: UInt16 { UInt16(IFLA_IPTUN_ENCAP_LIMIT) }
  public static var flowInfo: UInt16 { UInt16(IFLA_IPTUN_FLOWINFO) }
  public static var flags: UInt16 { UInt16(IFLA_IPTUN_FLAGS) }
  public static var `protocol`: UInt16 { UInt16(IFLA_IPTUN_PROTO) }
  public static var pmtudisc: UInt16 { UInt16(IFLA_IPTUN_PMTUDISC) }
  public static var encapType: UInt16 { UInt16(IFLA_IPTUN_ENCAP_TYPE) }
  public static var collectMetadata: UInt16 { UInt16(IFLA_IPTUN_COLLECT_METADATA) }
  public static var fwmark: UInt16 { UInt16(IFLA_IPTUN_FWMARK) }
}

/// Data of a GRE tunnel.
public enum IFLAGRE {
  public static var link: UInt16 { UInt16(IFLA_GRE_LINK) }
  public static var iflags: UInt16 { UInt16(IFLA_GRE_IFLAGS) }
  public static var oflags: UInt16 { UInt16(IFLA_GRE_OFLAGS) }
  public static var ikey: UInt16 { UInt16(IFLA_GRE_IKEY) }
  public static var okey: UInt16 { UInt16(IFLA_GRE_OKEY) }
  public static var local: UInt16 { UInt16(IFLA_GRE_LOCAL) }
  public static var remote: UInt16 { UInt16(IFLA_GRE_REMOTE) }
  public static var ttl: UInt16 { UInt16(IFLA_GRE_TTL) }
  public static var tos: UInt16 { UInt16(IFLA_GRE_TOS) }
  public static var pmtudisc: UInt16 { UInt16(IFLA_GRE_PMTUDISC) }
  public static var encapLimit: UInt16 { UInt16(IFLA_GRE_ENCAP_LIMIT) }
  public static var flowInfo: UInt16 { UInt16(IFLA_GRE_FLOWINFO) }
  public static var flags: UInt16 { UInt16(IFLA_GRE_FLAGS) }
  public static var encapType: UInt16 { UInt16(IFLA_GRE_ENCAP_TYPE) }
  public static var collectMetadata: UInt16 { UInt16(IFLA_GRE_COLLECT_METADATA) }
  public static var ignoreDF: UInt16 { UInt16(IFLA_GRE_IGNORE_DF) }
  public static var fwmark: UInt16 { UInt16(IFLA_GRE_FWMARK) }
}

/// Flags of a GRE header, in host byte order (RFC 2890).
public enum GREFlag {
  public static var checksum: UInt16 { 0x8000 }
  public static var key: UInt16 { 0x2000 }
  public static var sequence: UInt16 { 0x1000 }
}

/// Flags of an IPv6 tunnel (`linux/ip6_tunnel.h`).
public enum IPv6TunnelFlag {
  public static var ignoreEncapLimit: UInt32 { UInt32(IP6_TNL_F_IGN_ENCAP_LIMIT) }
  public static var originalTrafficClass: UInt32 { UInt32(IP6_TNL_F_USE_ORIG_TCLASS) }
  public static var originalFlowLabel: UInt32 { UInt32(IP6_TNL_F_USE_ORIG_FLOWLABEL) }
}
