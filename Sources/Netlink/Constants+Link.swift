internal import CLinux

/// Attributes of a link (`linux/if_link.h`).
public enum IFLA {
  public static var address: UInt16 { UInt16(IFLA_ADDRESS) }
  public static var name: UInt16 { UInt16(IFLA_IFNAME) }
  public static var mtu: UInt16 { UInt16(IFLA_MTU) }
  public static var link: UInt16 { UInt16(IFLA_LINK) }
  public static var master: UInt16 { UInt16(IFLA_MASTER) }
  public static var linkInfo: UInt16 { UInt16(IFLA_LINKINFO) }
  public static var linkNamespace: UInt16 { UInt16(IFLA_LINK_NETNSID) }
  public static var alias: UInt16 { UInt16(IFLA_IFALIAS) }
  public static var propertyList: UInt16 { UInt16(IFLA_PROP_LIST) }
  public static var altname: UInt16 { UInt16(IFLA_ALT_IFNAME) }
  public static var extMask: UInt16 { UInt16(IFLA_EXT_MASK) }
  public static var afSpec: UInt16 { UInt16(IFLA_AF_SPEC) }
}

/// Attributes within `IFLA.linkInfo`.
public enum IFLAInfo {
  public static var kind: UInt16 { UInt16(IFLA_INFO_KIND) }
  public static var data: UInt16 { UInt16(IFLA_INFO_DATA) }
}

/// Data of a bridge.
public enum IFLABridge {
  public static var forwardDelay: UInt16 { UInt16(IFLA_BR_FORWARD_DELAY) }
  public static var ageingTime: UInt16 { UInt16(IFLA_BR_AGEING_TIME) }
  public static var stp: UInt16 { UInt16(IFLA_BR_STP_STATE) }
  public static var priority: UInt16 { UInt16(IFLA_BR_PRIORITY) }
  public static var vlanFiltering: UInt16 { UInt16(IFLA_BR_VLAN_FILTERING) }
  public static var vlanProtocol: UInt16 { UInt16(IFLA_BR_VLAN_PROTOCOL) }
  public static var vlanDefaultPVID: UInt16 { UInt16(IFLA_BR_VLAN_DEFAULT_PVID) }
}

/// Attributes within `IFLA.afSpec` of a bridge's message (`linux/if_bridge.h`).
public enum IFLABridgePort {
  public static var flags: UInt16 { UInt16(IFLA_BRIDGE_FLAGS) }
  public static var vlanInfo: UInt16 { UInt16(IFLA_BRIDGE_VLAN_INFO) }
  /// The bridge itself, not a port of one.
  public static var isSelf: UInt16 { UInt16(BRIDGE_FLAGS_SELF) }
}

/// Flags of a `struct bridge_vlan_info`.
public enum BridgeVLANFlag {
  public static var pvid: UInt16 { UInt16(BRIDGE_VLAN_INFO_PVID) }
  public static var untagged: UInt16 { UInt16(BRIDGE_VLAN_INFO_UNTAGGED) }
  public static var rangeBegin: UInt16 { UInt16(BRIDGE_VLAN_INFO_RANGE_BEGIN) }
  public static var rangeEnd: UInt16 { UInt16(BRIDGE_VLAN_INFO_RANGE_END) }
}

/// What a dump of links contains or omits (`IFLA.extMask`).
public enum LinkFilter {
  public static var compressedVLANs: UInt32 { UInt32(RTEXT_FILTER_BRVLAN_COMPRESSED) }
  public static var skipStatistics: UInt32 { UInt32(RTEXT_FILTER_SKIP_STATS) }
}

/// Data of a VXLAN.
public enum IFLAVXLAN {
  public static var id: UInt16 { UInt16(IFLA_VXLAN_ID) }
  public static var group: UInt16 { UInt16(IFLA_VXLAN_GROUP) }
  public static var group6: UInt16 { UInt16(IFLA_VXLAN_GROUP6) }
  public static var link: UInt16 { UInt16(IFLA_VXLAN_LINK) }
  public static var local: UInt16 { UInt16(IFLA_VXLAN_LOCAL) }
  public static var local6: UInt16 { UInt16(IFLA_VXLAN_LOCAL6) }
  public static var ttl: UInt16 { UInt16(IFLA_VXLAN_TTL) }
  public static var learning: UInt16 { UInt16(IFLA_VXLAN_LEARNING) }
  public static var port: UInt16 { UInt16(IFLA_VXLAN_PORT) }
  public static var portRange: UInt16 { UInt16(IFLA_VXLAN_PORT_RANGE) }
}

/// Data of a macvlan.
public enum IFLAMacvlan {
  public static var mode: UInt16 { UInt16(IFLA_MACVLAN_MODE) }
}

/// Data of a VLAN.
public enum IFLAVLAN {
  public static var id: UInt16 { UInt16(IFLA_VLAN_ID) }
  public static var `protocol`: UInt16 { UInt16(IFLA_VLAN_PROTOCOL) }
}

/// Data of a VRF.
public enum IFLAVRF {
  public static var table: UInt16 { UInt16(IFLA_VRF_TABLE) }
}

/// Data of a veth.
public enum IFLAVeth {
  public static var peer: UInt16 { UInt16(VETH_INFO_PEER) }
}

/// Modes of a macvlan.
public enum MacvlanMode {
  public static var `private`: UInt32 { UInt32(MACVLAN_MODE_PRIVATE.rawValue) }
  public static var vepa: UInt32 { UInt32(MACVLAN_MODE_VEPA.rawValue) }
  public static var bridge: UInt32 { UInt32(MACVLAN_MODE_BRIDGE.rawValue) }
  public static var passthru: UInt32 { UInt32(MACVLAN_MODE_PASSTHRU.rawValue) }
  public static var source: UInt32 { UInt32(MACVLAN_MODE_SOURCE.rawValue) }
}

/// Flags of a link.
public enum IFF {
  public static var up: UInt32 { UInt32(IFF_UP) }
  public static var running: UInt32 { UInt32(IFF_RUNNING) }
}

/// EtherTypes of VLAN tags.
public enum EtherType {
  public static var dot1Q: UInt16 { UInt16(ETH_P_8021Q) }
  public static var dot1ad: UInt16 { UInt16(ETH_P_8021AD) }
}
