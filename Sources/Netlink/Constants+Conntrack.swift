internal import CLinux

/// Messages of conntrack (`linux/netfilter/nfnetlink_conntrack.h`).
public enum ConntrackMessage {
  public static var get: UInt16 { type(IPCTNL_MSG_CT_GET) }
  public static var delete: UInt16 { type(IPCTNL_MSG_CT_DELETE) }

  private static func type(_ message: cntl_msg_types) -> UInt16 {
    UInt16(NFNL_SUBSYS_CTNETLINK) << 8 | UInt16(message.rawValue)
  }
}

/// Attributes of an entry.
public enum ConntrackAttribute {
  public static var original: UInt16 { UInt16(CTA_TUPLE_ORIG.rawValue) }
  public static var reply: UInt16 { UInt16(CTA_TUPLE_REPLY.rawValue) }
  public static var zone: UInt16 { UInt16(CTA_ZONE.rawValue) }
  public static var number: UInt16 { UInt16(CTA_ID.rawValue) }
}

/// Attributes of a tuple, and of its parts.
public enum TupleAttribute {
  public static var address: UInt16 { UInt16(CTA_TUPLE_IP.rawValue) }
  public static var `protocol`: UInt16 { UInt16(CTA_TUPLE_PROTO.rawValue) }

  public static var sources: Set<UInt16> {
    [UInt16(CTA_IP_V4_SRC.rawValue), UInt16(CTA_IP_V6_SRC.rawValue)]
  }
  public static var destinations: Set<UInt16> {
    [UInt16(CTA_IP_V4_DST.rawValue), UInt16(CTA_IP_V6_DST.rawValue)]
  }

  public static var protocolNumber: UInt16 { UInt16(CTA_PROTO_NUM.rawValue) }
  public static var sourcePort: UInt16 { UInt16(CTA_PROTO_SRC_PORT.rawValue) }
  public static var destinationPort: UInt16 { UInt16(CTA_PROTO_DST_PORT.rawValue) }
}

extension Batch {
  /// An attribute that contains attributes, from bytes that came from the kernel.
  public func putNested(_ type: UInt16, bytes: [UInt8]) {
    put(type | UInt16(NLA_F_NESTED), bytes: bytes)
  }
}
