internal import CLinux

/// Commands of the generic netlink family `IPVS` (`linux/ip_vs.h`).
public enum IPVSCommand {
  public static let family = IPVS_GENL_NAME

  public static var newService: UInt8 { UInt8(IPVS_CMD_NEW_SERVICE) }
  public static var setService: UInt8 { UInt8(IPVS_CMD_SET_SERVICE) }
  public static var delService: UInt8 { UInt8(IPVS_CMD_DEL_SERVICE) }
  public static var getService: UInt8 { UInt8(IPVS_CMD_GET_SERVICE) }
  public static var newDestination: UInt8 { UInt8(IPVS_CMD_NEW_DEST) }
  public static var setDestination: UInt8 { UInt8(IPVS_CMD_SET_DEST) }
  public static var delDestination: UInt8 { UInt8(IPVS_CMD_DEL_DEST) }
  public static var getDestination: UInt8 { UInt8(IPVS_CMD_GET_DEST) }
  public static var newDaemon: UInt8 { UInt8(IPVS_CMD_NEW_DAEMON) }
  public static var delDaemon: UInt8 { UInt8(IPVS_CMD_DEL_DAEMON) }
  public static var getDaemon: UInt8 { UInt8(IPVS_CMD_GET_DAEMON) }
  public static var setConfig: UInt8 { UInt8(IPVS_CMD_SET_CONFIG) }
  public static var getConfig: UInt8 { UInt8(IPVS_CMD_GET_CONFIG) }
}

/// Attributes of a command.
public enum IPVSAttribute {
  public static var service: UInt16 { UInt16(IPVS_CMD_ATTR_SERVICE) }
  public static var destination: UInt16 { UInt16(IPVS_CMD_ATTR_DEST) }
  public static var daemon: UInt16 { UInt16(IPVS_CMD_ATTR_DAEMON) }
  public static var timeoutTCP: UInt16 { UInt16(IPVS_CMD_ATTR_TIMEOUT_TCP) }
  public static var timeoutTCPFin: UInt16 { UInt16(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN) }
  public static var timeoutUDP: UInt16 { UInt16(IPVS_CMD_ATTR_TIMEOUT_UDP) }
}

/// Attributes of a service.
public enum IPVSServiceAttribute {
  public static var family: UInt16 { UInt16(IPVS_SVC_ATTR_AF) }
  public static var `protocol`: UInt16 { UInt16(IPVS_SVC_ATTR_PROTOCOL) }
  public static var address: UInt16 { UInt16(IPVS_SVC_ATTR_ADDR) }
  public static var port: UInt16 { UInt16(IPVS_SVC_ATTR_PORT) }
  public static var fwmark: UInt16 { UInt16(IPVS_SVC_ATTR_FWMARK) }
  public static var scheduler: UInt16 { UInt16(IPVS_SVC_ATTR_SCHED_NAME) }
  public static var flags: UInt16 { UInt16(IPVS_SVC_ATTR_FLAGS) }
  public static var timeout: UInt16 { UInt16(IPVS_SVC_ATTR_TIMEOUT) }
  public static var netmask: UInt16 { UInt16(IPVS_SVC_ATTR_NETMASK) }
  public static var persistenceEngine: UInt16 { UInt16(IPVS_SVC_ATTR_PE_NAME) }
}

/// Flags of a service.
public enum IPVSFlag {
  public static var persistent: UInt32 { UInt32(IP_VS_SVC_F_PERSISTENT) }
  public static var onePacket: UInt32 { UInt32(IP_VS_SVC_F_ONEPACKET) }
  public static var scheduler1: UInt32 { UInt32(IP_VS_SVC_F_SCHED1) }
  public static var scheduler2: UInt32 { UInt32(IP_VS_SVC_F_SCHED2) }
  public static var scheduler3: UInt32 { UInt32(IP_VS_SVC_F_SCHED3) }
}

/// Attributes of a destination.
public enum IPVSDestinationAttribute {
  public static var address: UInt16 { UInt16(IPVS_DEST_ATTR_ADDR) }
  public static var port: UInt16 { UInt16(IPVS_DEST_ATTR_PORT) }
  public static var forwarding: UInt16 { UInt16(IPVS_DEST_ATTR_FWD_METHOD) }
  public static var weight: UInt16 { UInt16(IPVS_DEST_ATTR_WEIGHT) }
  public static var upperThreshold: UInt16 { UInt16(IPVS_DEST_ATTR_U_THRESH) }
  public static var lowerThreshold: UInt16 { UInt16(IPVS_DEST_ATTR_L_THRESH) }
  public static var family: UInt16 { UInt16(IPVS_DEST_ATTR_ADDR_FAMILY) }
  public static var tunnelType: UInt16 { UInt16(IPVS_DEST_ATTR_TUN_TYPE) }
  public static var tunnelPort: UInt16 { UInt16(IPVS_DEST_ATTR_TUN_PORT) }
  public static var tunnelFlags: UInt16 { UInt16(IPVS_DEST_ATTR_TUN_FLAGS) }
}

/// How a destination is reached.
public enum IPVSForwarding {
  public static var mask: UInt32 { UInt32(IP_VS_CONN_F_FWD_MASK) }
  public static var masquerade: UInt32 { UInt32(IP_VS_CONN_F_MASQ) }
  public static var tunnel: UInt32 { UInt32(IP_VS_CONN_F_TUNNEL) }
  public static var direct: UInt32 { UInt32(IP_VS_CONN_F_DROUTE) }
}

/// Types and flags of a tunnel.
public enum IPVSTunnel {
  public static var ipip: UInt8 { UInt8(IP_VS_CONN_F_TUNNEL_TYPE_IPIP) }
  public static var gue: UInt8 { UInt8(IP_VS_CONN_F_TUNNEL_TYPE_GUE) }
  public static var gre: UInt8 { UInt8(IP_VS_CONN_F_TUNNEL_TYPE_GRE) }
  public static var checksum: UInt16 { 1 << 0 }  // IP_VS_TUNNEL_ENCAP_FLAG_CSUM
  public static var remoteChecksum: UInt16 { 1 << 1 }  // IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM
}

/// Attributes of a synchronisation daemon.
public enum IPVSDaemonAttribute {
  public static var state: UInt16 { UInt16(IPVS_DAEMON_ATTR_STATE) }
  public static var link: UInt16 { UInt16(IPVS_DAEMON_ATTR_MCAST_IFN) }
  public static var syncID: UInt16 { UInt16(IPVS_DAEMON_ATTR_SYNC_ID) }
  public static var maxLength: UInt16 { UInt16(IPVS_DAEMON_ATTR_SYNC_MAXLEN) }
  public static var group: UInt16 { UInt16(IPVS_DAEMON_ATTR_MCAST_GROUP) }
  public static var group6: UInt16 { UInt16(IPVS_DAEMON_ATTR_MCAST_GROUP6) }
  public static var port: UInt16 { UInt16(IPVS_DAEMON_ATTR_MCAST_PORT) }
  public static var ttl: UInt16 { UInt16(IPVS_DAEMON_ATTR_MCAST_TTL) }
}

/// Roles of a synchronisation daemon.
public enum IPVSRole {
  public static var master: UInt32 { UInt32(IP_VS_STATE_MASTER) }
  public static var backup: UInt32 { UInt32(IP_VS_STATE_BACKUP) }
}

/// `IPPROTO_*` of the protocols that IPVS balances.
public enum IPProto {
  public static var tcp: UInt16 { 6 }
  public static var udp: UInt16 { 17 }
  public static var sctp: UInt16 { 132 }
}
