internal import CLinux

/// Message types of `linux/rtnetlink.h`.
public enum RTM {
  public static var newLink: UInt16 { UInt16(RTM_NEWLINK) }
  public static var delLink: UInt16 { UInt16(RTM_DELLINK) }
  public static var getLink: UInt16 { UInt16(RTM_GETLINK) }
  public static var setLink: UInt16 { UInt16(RTM_SETLINK) }
  public static var newLinkProperty: UInt16 { UInt16(RTM_NEWLINKPROP) }
  public static var delLinkProperty: UInt16 { UInt16(RTM_DELLINKPROP) }
  public static var newAddress: UInt16 { UInt16(RTM_NEWADDR) }
  public static var delAddress: UInt16 { UInt16(RTM_DELADDR) }
  public static var getAddress: UInt16 { UInt16(RTM_GETADDR) }
  public static var newRoute: UInt16 { UInt16(RTM_NEWROUTE) }
  public static var delRoute: UInt16 { UInt16(RTM_DELROUTE) }
  public static var getRoute: UInt16 { UInt16(RTM_GETROUTE) }
  public static var newNeighbor: UInt16 { UInt16(RTM_NEWNEIGH) }
  public static var delNeighbor: UInt16 { UInt16(RTM_DELNEIGH) }
  public static var getNeighbor: UInt16 { UInt16(RTM_GETNEIGH) }
  public static var newRule: UInt16 { UInt16(RTM_NEWRULE) }
  public static var delRule: UInt16 { UInt16(RTM_DELRULE) }
  public static var getRule: UInt16 { UInt16(RTM_GETRULE) }
  public static var newNexthop: UInt16 { UInt16(RTM_NEWNEXTHOP) }
  public static var delNexthop: UInt16 { UInt16(RTM_DELNEXTHOP) }
  public static var getNexthop: UInt16 { UInt16(RTM_GETNEXTHOP) }
}

/// Attributes of a route.
public enum RTA {
  public static var dst: UInt16 { UInt16(RTA_DST.rawValue) }
  public static var src: UInt16 { UInt16(RTA_SRC.rawValue) }
  public static var oif: UInt16 { UInt16(RTA_OIF.rawValue) }
  public static var gateway: UInt16 { UInt16(RTA_GATEWAY.rawValue) }
  public static var priority: UInt16 { UInt16(RTA_PRIORITY.rawValue) }
  public static var prefsrc: UInt16 { UInt16(RTA_PREFSRC.rawValue) }
  public static var metrics: UInt16 { UInt16(RTA_METRICS.rawValue) }
  public static var multipath: UInt16 { UInt16(RTA_MULTIPATH.rawValue) }
  public static var table: UInt16 { UInt16(RTA_TABLE.rawValue) }
  public static var via: UInt16 { UInt16(RTA_VIA.rawValue) }
  public static var nhID: UInt16 { UInt16(RTA_NH_ID.rawValue) }
  public static var encap: UInt16 { UInt16(RTA_ENCAP.rawValue) }
}

/// Attributes within a route's metrics.
public enum RTAX {
  public static var mtu: UInt16 { UInt16(RTAX_MTU) }
  public static var advmss: UInt16 { UInt16(RTAX_ADVMSS) }
}

/// Route types that have no name in state files.
public enum RTN {
  public static var unicast: UInt8 { UInt8(RTN_UNICAST) }
  public static var multicast: UInt8 { UInt8(RTN_MULTICAST) }
}

/// Flags of a route and of a next hop.
public enum RTNH {
  public static var onlink: UInt32 { UInt32(RTNH_F_ONLINK) }
}

/// Flags of a route message.
public enum RTMF {
  public static var cloned: UInt32 { UInt32(RTM_F_CLONED) }
}

/// Attributes of an address (`linux/if_addr.h`).
public enum IFA {
  public static var address: UInt16 { UInt16(IFA_ADDRESS) }
  public static var local: UInt16 { UInt16(IFA_LOCAL) }
  public static var broadcast: UInt16 { UInt16(IFA_BROADCAST) }
  public static var cacheInfo: UInt16 { UInt16(IFA_CACHEINFO) }
  public static var flags: UInt16 { UInt16(IFA_FLAGS) }
  public static var metric: UInt16 { UInt16(IFA_RT_PRIORITY) }
  public static var `protocol`: UInt16 { UInt16(IFA_PROTO) }
}

/// Flags of an address.
public enum IFAF {
  public static var noDAD: UInt32 { UInt32(IFA_F_NODAD) }
  public static var permanent: UInt32 { UInt32(IFA_F_PERMANENT) }
  public static var tentative: UInt32 { UInt32(IFA_F_TENTATIVE) }
  public static var optimistic: UInt32 { UInt32(IFA_F_OPTIMISTIC) }
  public static var duplicate: UInt32 { UInt32(IFA_F_DADFAILED) }
  public static var noPrefixRoute: UInt32 { UInt32(IFA_F_NOPREFIXROUTE) }
}

/// Attributes of a neighbor (`linux/neighbour.h`).
public enum NDA {
  public static var dst: UInt16 { UInt16(NDA_DST) }
  public static var lladdr: UInt16 { UInt16(NDA_LLADDR) }
  public static var port: UInt16 { UInt16(NDA_PORT) }
  public static var vni: UInt16 { UInt16(NDA_VNI) }
  public static var ifindex: UInt16 { UInt16(NDA_IFINDEX) }
  public static var master: UInt16 { UInt16(NDA_MASTER) }
  public static var `protocol`: UInt16 { UInt16(NDA_PROTOCOL) }
}

/// States of a neighbor.
public enum NUD {
  public static var permanent: UInt16 { UInt16(NUD_PERMANENT) }
  public static var noARP: UInt16 { UInt16(NUD_NOARP) }
}

/// Flags of a neighbor.
public enum NTF {
  public static var selfFlag: UInt8 { UInt8(NTF_SELF) }
  public static var proxy: UInt8 { UInt8(NTF_PROXY) }
  public static var router: UInt8 { UInt8(NTF_ROUTER) }
  public static var externallyLearned: UInt8 { UInt8(NTF_EXT_LEARNED) }
}

/// Attributes of a nexthop object (`linux/nexthop.h`).
public enum NHA {
  public static var id: UInt16 { UInt16(NHA_ID) }
  public static var group: UInt16 { UInt16(NHA_GROUP) }
  public static var groupType: UInt16 { UInt16(NHA_GROUP_TYPE) }
  public static var blackhole: UInt16 { UInt16(NHA_BLACKHOLE) }
  public static var oif: UInt16 { UInt16(NHA_OIF) }
  public static var gateway: UInt16 { UInt16(NHA_GATEWAY) }
  public static var resilientGroup: UInt16 { UInt16(NHA_RES_GROUP) }
  public static var fdb: UInt16 { UInt16(NHA_FDB) }
}

/// Attributes within a resilient group.
public enum NHARes {
  public static var buckets: UInt16 { UInt16(NHA_RES_GROUP_BUCKETS) }
  public static var idleTimer: UInt16 { UInt16(NHA_RES_GROUP_IDLE_TIMER) }
  public static var unbalancedTimer: UInt16 { UInt16(NHA_RES_GROUP_UNBALANCED_TIMER) }
}

/// Types of a nexthop group.
public enum NexthopGroupType {
  public static var multipath: UInt16 { UInt16(NEXTHOP_GRP_TYPE_MPATH) }
  public static var resilient: UInt16 { UInt16(NEXTHOP_GRP_TYPE_RES) }
}

/// Attributes of a rule (`linux/fib_rules.h`).
public enum FRA {
  public static var dst: UInt16 { UInt16(FRA_DST) }
  public static var src: UInt16 { UInt16(FRA_SRC) }
  public static var iif: UInt16 { UInt16(FRA_IIFNAME) }
  public static var goto: UInt16 { UInt16(FRA_GOTO) }
  public static var priority: UInt16 { UInt16(FRA_PRIORITY) }
  public static var fwmark: UInt16 { UInt16(FRA_FWMARK) }
  public static var suppressPrefixLength: UInt16 { UInt16(FRA_SUPPRESS_PREFIXLEN) }
  public static var suppressGroup: UInt16 { UInt16(FRA_SUPPRESS_IFGROUP) }
  public static var table: UInt16 { UInt16(FRA_TABLE) }
  public static var fwmask: UInt16 { UInt16(FRA_FWMASK) }
  public static var oif: UInt16 { UInt16(FRA_OIFNAME) }
  public static var l3mdev: UInt16 { UInt16(FRA_L3MDEV) }
  public static var uidRange: UInt16 { UInt16(FRA_UID_RANGE) }
  public static var `protocol`: UInt16 { UInt16(FRA_PROTOCOL) }
  public static var ipproto: UInt16 { UInt16(FRA_IP_PROTO) }
  public static var sport: UInt16 { UInt16(FRA_SPORT_RANGE) }
  public static var dport: UInt16 { UInt16(FRA_DPORT_RANGE) }
  public static var flow: UInt16 { UInt16(FRA_FLOW) }
  public static var tunnelID: UInt16 { UInt16(FRA_TUN_ID) }
}

/// Actions of a rule.
public enum RuleAction {
  public static var toTable: UInt8 { UInt8(FR_ACT_TO_TBL) }
  public static var goto: UInt8 { UInt8(FR_ACT_GOTO) }
  public static var nop: UInt8 { UInt8(FR_ACT_NOP) }
  public static var blackhole: UInt8 { UInt8(FR_ACT_BLACKHOLE) }
  public static var unreachable: UInt8 { UInt8(FR_ACT_UNREACHABLE) }
  public static var prohibit: UInt8 { UInt8(FR_ACT_PROHIBIT) }
}

/// Flags of a rule.
public enum RuleFlag {
  public static var invert: UInt32 { UInt32(FIB_RULE_INVERT) }
}

/// Address families of `sys/socket.h`.
public enum AF {
  public static var unspecified: UInt8 { UInt8(AF_UNSPEC) }
  public static var inet: UInt8 { UInt8(AF_INET) }
  public static var inet6: UInt8 { UInt8(AF_INET6) }
  public static var bridge: UInt8 { UInt8(AF_BRIDGE) }
}
