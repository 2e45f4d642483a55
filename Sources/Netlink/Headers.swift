internal import CLinux

// The fixed headers that follow the netlink header, named as in ip(8).

/// `struct ifinfomsg`.
public struct LinkHeader {
  public static let length = 16
  public let index: UInt32
  public let flags: UInt32
}

/// `struct ifaddrmsg`.
public struct AddressHeader {
  public static let length = 8
  public let family: UInt8
  public let prefixLength: UInt8
  public let flags: UInt8
  public let scope: UInt8
  public let index: UInt32
}

/// `struct rtmsg`.
public struct RouteHeader {
  public static let length = 12
  public let family: UInt8
  public let dstLength: UInt8
  public let srcLength: UInt8
  public let tos: UInt8
  public let table: UInt8
  public let `protocol`: UInt8
  public let scope: UInt8
  public let type: UInt8
  public let flags: UInt32
}

/// `struct fib_rule_hdr`.
public struct RuleHeader {
  public static let length = 12
  public let family: UInt8
  public let dstLength: UInt8
  public let srcLength: UInt8
  public let tos: UInt8
  public let table: UInt8
  public let action: UInt8
  public let flags: UInt32
}

/// `struct ndmsg`.
public struct NeighborHeader {
  public static let length = 12
  public let family: UInt8
  public let index: UInt32
  public let state: UInt16
  public let flags: UInt8
}

/// `struct nhmsg`.
public struct NexthopHeader {
  public static let length = 8
  public let family: UInt8
  public let scope: UInt8
  public let `protocol`: UInt8
  public let flags: UInt32
}

/// `struct rtnexthop` with the attributes that follow.
public struct MultipathHop {
  public let flags: UInt8
  /// The weight minus one.
  public let hops: UInt8
  public let index: UInt32
  public let attributes: Attributes
}

extension Message {
  public var link: LinkHeader? {
    load(ifinfomsg.self).map {
      LinkHeader(index: UInt32(bitPattern: $0.ifi_index), flags: $0.ifi_flags)
    }
  }

  public var address: AddressHeader? {
    load(ifaddrmsg.self).map {
      AddressHeader(
        family: $0.ifa_family, prefixLength: $0.ifa_prefixlen, flags: $0.ifa_flags,
        scope: $0.ifa_scope, index: $0.ifa_index)
    }
  }

  public var route: RouteHeader? {
    load(rtmsg.self).map {
      RouteHeader(
        family: $0.rtm_family, dstLength: $0.rtm_dst_len, srcLength: $0.rtm_src_len,
        tos: $0.rtm_tos, table: $0.rtm_table, protocol: $0.rtm_protocol, scope: $0.rtm_scope,
        type: $0.rtm_type, flags: $0.rtm_flags)
    }
  }

  public var rule: RuleHeader? {
    load(fib_rule_hdr.self).map {
      RuleHeader(
        family: $0.family, dstLength: $0.dst_len, srcLength: $0.src_len, tos: $0.tos,
        table: $0.table, action: $0.action, flags: $0.flags)
    }
  }

  public var neighbor: NeighborHeader? {
    load(ndmsg.self).map {
      NeighborHeader(
        family: $0.ndm_family, index: UInt32(bitPattern: $0.ndm_ifindex), state: $0.ndm_state,
        flags: $0.ndm_flags)
    }
  }

  public var nexthop: NexthopHeader? {
    load(nhmsg.self).map {
      NexthopHeader(
        family: $0.nh_family, scope: $0.nh_scope, protocol: $0.nh_protocol, flags: $0.nh_flags)
    }
  }

  private func load<T: BitwiseCopyable>(_: T.Type) -> T? {
    payload.count >= MemoryLayout<T>.size ? payload.loadUnaligned(as: T.self) : nil
  }
}

extension Attribute {
  /// The hops of `RTA.multipath`.
  public var multipathHops: [MultipathHop] {
    var hops: [MultipathHop] = []
    var rest = payload
    let size = MemoryLayout<rtnexthop>.size
    while rest.count >= size {
      let header = rest.loadUnaligned(as: rtnexthop.self)
      let length = Int(header.rtnh_len)
      guard length >= size, length <= rest.count else { break }
      hops.append(
        MultipathHop(
          flags: header.rtnh_flags, hops: header.rtnh_hops,
          index: UInt32(bitPattern: header.rtnh_ifindex),
          attributes: Attributes(UnsafeRawBufferPointer(rebasing: rest[size..<length]))))
      rest = UnsafeRawBufferPointer(rebasing: rest[min(align(length), rest.count)...])
    }
    return hops
  }
}

extension Batch {
  public func linkHeader(
    family: UInt8 = 0, index: UInt32 = 0, flags: UInt32 = 0, change: UInt32 = 0
  ) {
    var header = ifinfomsg()
    header.ifi_family = family
    header.ifi_index = Int32(bitPattern: index)
    header.ifi_flags = flags
    header.ifi_change = change
    putHeader(header)
  }

  /// The header of a veth's peer, within an attribute.
  public func nestedLinkHeader() { putRaw(ifinfomsg()) }

  public func addressHeader(
    family: UInt8, prefixLength: UInt8 = 0, scope: UInt8 = 0, index: UInt32 = 0
  ) {
    var header = ifaddrmsg()
    header.ifa_family = family
    header.ifa_prefixlen = prefixLength
    header.ifa_scope = scope
    header.ifa_index = index
    putHeader(header)
  }

  public func routeHeader(
    family: UInt8, dstLength: UInt8 = 0, tos: UInt8 = 0, table: UInt32 = 0, protocol: UInt8 = 0,
    scope: UInt8 = 0, type: UInt8 = 0, flags: UInt32 = 0
  ) {
    var header = rtmsg()
    header.rtm_family = family
    header.rtm_dst_len = dstLength
    header.rtm_tos = tos
    // A number above 255 only fits into RTA_TABLE.
    header.rtm_table = table < 256 ? UInt8(table) : UInt8(RT_TABLE_UNSPEC.rawValue)
    header.rtm_protocol = `protocol`
    header.rtm_scope = scope
    header.rtm_type = type
    header.rtm_flags = flags
    putHeader(header)
  }

  public func ruleHeader(
    family: UInt8, dstLength: UInt8 = 0, srcLength: UInt8 = 0, tos: UInt8 = 0, table: UInt32 = 0,
    action: UInt8 = 0, flags: UInt32 = 0
  ) {
    var header = fib_rule_hdr()
    header.family = family
    header.dst_len = dstLength
    header.src_len = srcLength
    header.tos = tos
    header.table = table < 256 ? UInt8(table) : UInt8(RT_TABLE_UNSPEC.rawValue)
    header.action = action
    header.flags = flags
    putHeader(header)
  }

  public func neighborHeader(
    family: UInt8, index: UInt32 = 0, state: UInt16 = 0, flags: UInt8 = 0
  ) {
    var header = ndmsg()
    header.ndm_family = family
    header.ndm_ifindex = Int32(bitPattern: index)
    header.ndm_state = state
    header.ndm_flags = flags
    putHeader(header)
  }

  public func nexthopHeader(
    family: UInt8 = 0, protocol: UInt8 = 0, flags: UInt32 = 0
  ) {
    var header = nhmsg()
    header.nh_family = family
    header.nh_protocol = `protocol`
    header.nh_flags = flags
    putHeader(header)
  }

  /// One hop of `RTA.multipath`; `weight` is 1 to 256.
  public func multipathHop(
    index: UInt32, weight: UInt16, flags: UInt8, _ attributes: (Batch) -> Void
  ) {
    let start = tail
    var header = rtnexthop()
    guard let hops = UInt8(exactly: Int(weight) - 1) else {
      return fail("a next hop's weight is \(weight), and the kernel takes 1 to 256")
    }
    header.rtnh_hops = hops
    header.rtnh_flags = flags
    header.rtnh_ifindex = Int32(bitPattern: index)
    putRaw(header)
    attributes(self)
    guard let length = UInt16(exactly: tail - start) else {
      return fail("a next hop takes \(tail - start) bytes, and the kernel takes \(UInt16.max)")
    }
    patch(length, at: start)
  }
}
