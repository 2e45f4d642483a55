internal import CLinux

/// Commands of the generic netlink family `wireguard` (`linux/wireguard.h`).
public enum WireGuardCommand {
  public static let family = WG_GENL_NAME

  public static var getDevice: UInt8 { UInt8(WG_CMD_GET_DEVICE.rawValue) }
  public static var setDevice: UInt8 { UInt8(WG_CMD_SET_DEVICE.rawValue) }
}

/// Attributes of a device.
public enum WireGuardDevice {
  public static var link: UInt16 { UInt16(WGDEVICE_A_IFNAME.rawValue) }
  public static var privateKey: UInt16 { UInt16(WGDEVICE_A_PRIVATE_KEY.rawValue) }
  public static var publicKey: UInt16 { UInt16(WGDEVICE_A_PUBLIC_KEY.rawValue) }
  public static var flags: UInt16 { UInt16(WGDEVICE_A_FLAGS.rawValue) }
  public static var listenPort: UInt16 { UInt16(WGDEVICE_A_LISTEN_PORT.rawValue) }
  public static var mark: UInt16 { UInt16(WGDEVICE_A_FWMARK.rawValue) }
  public static var peers: UInt16 { UInt16(WGDEVICE_A_PEERS.rawValue) }

  public static var replacePeers: UInt32 { UInt32(WGDEVICE_F_REPLACE_PEERS.rawValue) }
}

/// Attributes of a peer.
public enum WireGuardPeerAttribute {
  public static var publicKey: UInt16 { UInt16(WGPEER_A_PUBLIC_KEY.rawValue) }
  public static var presharedKey: UInt16 { UInt16(WGPEER_A_PRESHARED_KEY.rawValue) }
  public static var flags: UInt16 { UInt16(WGPEER_A_FLAGS.rawValue) }
  public static var endpoint: UInt16 { UInt16(WGPEER_A_ENDPOINT.rawValue) }
  public static var keepalive: UInt16 { UInt16(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL.rawValue) }
  public static var handshake: UInt16 { UInt16(WGPEER_A_LAST_HANDSHAKE_TIME.rawValue) }
  public static var received: UInt16 { UInt16(WGPEER_A_RX_BYTES.rawValue) }
  public static var sent: UInt16 { UInt16(WGPEER_A_TX_BYTES.rawValue) }
  public static var allowedIPs: UInt16 { UInt16(WGPEER_A_ALLOWEDIPS.rawValue) }

  public static var remove: UInt32 { UInt32(WGPEER_F_REMOVE_ME.rawValue) }
  public static var replaceAllowedIPs: UInt32 { UInt32(WGPEER_F_REPLACE_ALLOWEDIPS.rawValue) }
  public static var updateOnly: UInt32 { UInt32(WGPEER_F_UPDATE_ONLY.rawValue) }
}

/// Attributes of an allowed IP.
public enum WireGuardAllowedIP {
  public static var family: UInt16 { UInt16(WGALLOWEDIP_A_FAMILY.rawValue) }
  public static var address: UInt16 { UInt16(WGALLOWEDIP_A_IPADDR.rawValue) }
  public static var length: UInt16 { UInt16(WGALLOWEDIP_A_CIDR_MASK.rawValue) }
}
