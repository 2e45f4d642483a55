internal import Addressing

/// The type of a key, a field or a value: nft(8), DATA TYPES.
struct DataType: Hashable {
  enum Order: Hashable {
    case host, network
  }

  enum Base: Hashable {
    case integer, bitmask, string, ipv4, ipv6, ether
  }

  /// nft's name for it.
  let name: String
  /// nft's number for it (`enum datatypes`), which nft reads back from a set's key.
  let number: UInt32
  let bits: Int
  let order: Order
  let base: Base

  static func == (left: DataType, right: DataType) -> Bool { left.number == right.number }
  func hash(into hasher: inout Hasher) { hasher.combine(number) }

  private init(
    _ name: String, _ number: UInt32, _ bits: Int, _ order: Order = .network,
    _ base: Base = .integer
  ) {
    self.name = name
    self.number = number
    self.bits = bits
    self.order = order
    self.base = base
  }

  static let nfproto = DataType("nf_proto", 2, 8, .host)
  static let bitmask = DataType("bitmask", 3, 0, .network, .bitmask)
  static let integer = DataType("integer", 4, 0)
  static let string = DataType("string", 5, 0, .host, .string)
  static let lladdr = DataType("ll_addr", 6, 0)
  static let ipv4 = DataType("ipv4_addr", 7, 32, .network, .ipv4)
  static let ipv6 = DataType("ipv6_addr", 8, 128, .network, .ipv6)
  static let ether = DataType("ether_addr", 9, 48, .network, .ether)
  static let etherType = DataType("ether_type", 10, 16)
  static let arpOperation = DataType("arp_op", 11, 16)
  static let inetProtocol = DataType("inet_proto", 12, 8)
  static let inetService = DataType("inet_service", 13, 16)
  static let icmpType = DataType("icmp_type", 14, 8)
  static let tcpFlag = DataType("tcp_flag", 15, 8, .network, .bitmask)
  static let dccpPacketType = DataType("dccp_pkttype", 16, 4)
  static let mhType = DataType("mh_type", 17, 8)
  static let time = DataType("time", 18, 32, .host)
  static let mark = DataType("mark", 19, 32, .host)
  static let ifindex = DataType("iface_index", 20, 32, .host)
  static let arphrd = DataType("iface_type", 21, 16, .host)
  static let realm = DataType("realm", 22, 32, .host)
  static let classID = DataType("classid", 23, 32, .host)
  static let uid = DataType("uid", 24, 32, .host)
  static let gid = DataType("gid", 25, 32, .host)
  static let ctState = DataType("ct_state", 26, 32, .host, .bitmask)
  static let ctDirection = DataType("ct_dir", 27, 8)
  static let ctStatus = DataType("ct_status", 28, 32, .host, .bitmask)
  static let icmpv6Type = DataType("icmpv6_type", 29, 8)
  static let ctLabel = DataType("ct_label", 30, 128, .host, .bitmask)
  static let packetType = DataType("pkt_type", 31, 8, .host)
  static let icmpCode = DataType("icmp_code", 32, 8)
  static let icmpv6Code = DataType("icmpv6_code", 33, 8)
  static let icmpxCode = DataType("icmpx_code", 34, 8)
  static let deviceGroup = DataType("devgroup", 35, 32, .host)
  static let dscp = DataType("dscp", 36, 6)
  static let ecn = DataType("ecn", 37, 2)
  static let fibAddressType = DataType("fib_addrtype", 38, 32, .host)
  static let boolean = DataType("boolean", 39, 1, .host)
  static let ctEvent = DataType("ct_event", 40, 32, .host, .bitmask)
  static let ifname = DataType("ifname", 41, 128, .host, .string)
  static let igmpType = DataType("igmp_type", 42, 8)
  static let date = DataType("time", 43, 64, .host)
  static let hour = DataType("hour", 44, 32, .host)
  static let day = DataType("day", 45, 8)
  static let cgroupv2 = DataType("cgroupsv2", 46, 64, .host)

  static let all: [DataType] = [
    nfproto, bitmask, integer, string, lladdr, ipv4, ipv6, ether, etherType, arpOperation,
    inetProtocol,
    inetService, icmpType, tcpFlag, dccpPacketType, mhType, time, mark, ifindex, arphrd, realm,
    classID, uid, gid, ctState, ctDirection, ctStatus, icmpv6Type, ctLabel, packetType, icmpCode,
    icmpv6Code, icmpxCode, deviceGroup, dscp, ecn, fibAddressType, boolean, ctEvent, ifname,
    igmpType, date, hour, day, cgroupv2,
  ]

  private static let byName = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }
  private static let byNumber = Dictionary(all.map { ($0.number, $0) }) { first, _ in first }

  /// Nil for types whose size an expression determines, and for those that nft has no name for.
  init?(named name: String) {
    guard let type = Self.byName[name], type.bits > 0, type != .ctLabel, type != .ctEvent else {
      return nil
    }
    self = type
  }

  init?(number: UInt32) {
    guard let type = Self.byNumber[number] else { return nil }
    self = type
  }
}
