import Model
import Netlink

// How a tunnel's parameters are read and written (`net/ipv4/ipip.c`, `sit.c`, `ip_gre.c`,
// `net/ipv6/ip6_tunnel.c`, `ip6_gre.c`).

extension Tunnel {
  /// Nil for a tunnel that a state file can't state: one without parameters of its own (`external`),
  /// inside of UDP (`encap`), ISATAP, or with other GRE flags in than out.
  init?(_ kind: Kind, _ data: Attributes, _ names: [UInt32: LinkName]) {
    self.init(kind)
    if kind.family == .inet6 { encaplimit = 0 }
    let isRead =
      kind.isGRE ? readGRE(data, names) : readIP(data, names)
    guard isRead else { return nil }
    if local?.isUnspecified == true { local = nil }
    if remote?.isUnspecified == true { remote = nil }
  }

  private mutating func readIP(_ data: Attributes, _ names: [UInt32: LinkName]) -> Bool {
    var (flags, flowInfo, tosByte): (UInt32, UInt32, UInt8) = (0, 0, 0)
    for attribute in data {
      switch attribute.type {
      case IFLAIPTunnel.link: dev = attribute.uint32.flatMap { names[$0] }
      case IFLAIPTunnel.local: local = attribute.ipAddress
      case IFLAIPTunnel.remote: remote = attribute.ipAddress
      case IFLAIPTunnel.ttl: ttl = attribute.uint8.flatMap { $0 == 0 ? nil : $0 }
      case IFLAIPTunnel.tos: tosByte = attribute.uint8 ?? 0
      case IFLAIPTunnel.encapLimit: encaplimit = attribute.uint8
      case IFLAIPTunnel.flowInfo: flowInfo = attribute.uint32.map(UInt32.init(bigEndian:)) ?? 0
      case IFLAIPTunnel.flags:
        // SIT has two bytes here: SIT_ISATAP is the only flag.
        flags = attribute.uint32 ?? attribute.uint16.map(UInt32.init) ?? 0
        if kind == .sit, flags & 1 != 0 { return false }
      case IFLAIPTunnel.protocol:
        guard let mode = kind.modes.first(where: { $0.protocol == attribute.uint8 })?.mode else {
          return false
        }
        self.mode = mode
      case IFLAIPTunnel.pmtudisc: pmtudisc = attribute.uint8 != 0
      case IFLAIPTunnel.encapType: if attribute.uint16 != 0 { return false }
      case IFLAIPTunnel.collectMetadata: return false
      case IFLAIPTunnel.fwmark: fwmark = attribute.uint32 ?? 0
      default: continue
      }
    }
    readFields(flags, flowInfo, tosByte)
    return true
  }

  private mutating func readGRE(_ data: Attributes, _ names: [UInt32: LinkName]) -> Bool {
    var (flags, flowInfo, tosByte): (UInt32, UInt32, UInt8) = (0, 0, 0)
    var (iflags, oflags): (UInt16, UInt16) = (0, 0)
    for attribute in data {
      switch attribute.type {
      case IFLAGRE.link: dev = attribute.uint32.flatMap { names[$0] }
      case IFLAGRE.iflags: iflags = attribute.uint16.map(UInt16.init(bigEndian:)) ?? 0
      case IFLAGRE.oflags: oflags = attribute.uint16.map(UInt16.init(bigEndian:)) ?? 0
      case IFLAGRE.ikey: ikey = attribute.uint32.map(UInt32.init(bigEndian:))
      case IFLAGRE.okey: okey = attribute.uint32.map(UInt32.init(bigEndian:))
      case IFLAGRE.local: local = attribute.ipAddress
      case IFLAGRE.remote: remote = attribute.ipAddress
      case IFLAGRE.ttl: ttl = attribute.uint8.flatMap { $0 == 0 ? nil : $0 }
      case IFLAGRE.tos: tosByte = attribute.uint8 ?? 0
      case IFLAGRE.pmtudisc: pmtudisc = attribute.uint8 != 0
      case IFLAGRE.encapLimit: encaplimit = attribute.uint8
      case IFLAGRE.flowInfo: flowInfo = attribute.uint32.map(UInt32.init(bigEndian:)) ?? 0
      case IFLAGRE.flags: flags = attribute.uint32 ?? 0
      case IFLAGRE.encapType: if attribute.uint16 != 0 { return false }
      case IFLAGRE.collectMetadata: return false
      case IFLAGRE.ignoreDF: if attribute.uint8 != 0 { return false }
      case IFLAGRE.fwmark: fwmark = attribute.uint32 ?? 0
      default: continue
      }
    }
    if iflags & GREFlag.key == 0 { ikey = nil }
    if oflags & GREFlag.key == 0 { okey = nil }
    csum = iflags & GREFlag.checksum != 0
    seq = iflags & GREFlag.sequence != 0
    readFields(flags, flowInfo, tosByte)
    return (iflags ^ oflags) & (GREFlag.checksum | GREFlag.sequence) == 0
  }

  private mutating func readFields(_ flags: UInt32, _ flowInfo: UInt32, _ tosByte: UInt8) {
    guard kind.family == .inet6 else {
      // An odd TOS means that of the inner packet.
      tos = tosByte & 1 != 0 ? .inherit : .fixed(UInt32(tosByte))
      return
    }
    if flags & IPv6TunnelFlag.ignoreEncapLimit != 0 { encaplimit = nil }
    tos =
      flags & IPv6TunnelFlag.originalTrafficClass != 0
      ? .inherit : .fixed(flowInfo >> 20 & 0xff)
    flowlabel =
      flags & IPv6TunnelFlag.originalFlowLabel != 0 ? .inherit : .fixed(flowInfo & 0xf_ffff)
  }

  /// All of it, for a change too: what is absent from a change becomes the kernel's default.
  func put(_ batch: Batch, lower: UInt32?) {
    if kind.isGRE { putGRE(batch, lower) } else { putIP(batch, lower) }
  }

  private func putIP(_ batch: Batch, _ lower: UInt32?) {
    batch.put(IFLAIPTunnel.link, lower ?? 0)
    let none = IPAddress.unspecified(kind.family)
    batch.put(IFLAIPTunnel.local, local ?? none)
    batch.put(IFLAIPTunnel.remote, remote ?? none)
    batch.put(IFLAIPTunnel.ttl, ttl ?? 0)
    if let number = kind.modes.first(where: { $0.mode == mode })?.protocol {
      batch.put(IFLAIPTunnel.protocol, number)
    }
    batch.put(IFLAIPTunnel.fwmark, fwmark)
    if kind.family == .inet {
      batch.put(IFLAIPTunnel.tos, tosByte)
      batch.put(IFLAIPTunnel.pmtudisc, UInt8(pmtudisc ? 1 : 0))
    } else {
      batch.put(IFLAIPTunnel.encapLimit, encaplimit ?? 0)
      batch.put(IFLAIPTunnel.flowInfo, flowInfo.bigEndian)
      batch.put(IFLAIPTunnel.flags, flags)
    }
  }

  private func putGRE(_ batch: Batch, _ lower: UInt32?) {
    batch.put(IFLAGRE.link, lower ?? 0)
    var both: UInt16 = 0
    if csum { both |= GREFlag.checksum }
    if seq { both |= GREFlag.sequence }
    batch.put(IFLAGRE.iflags, (both | (ikey == nil ? 0 : GREFlag.key)).bigEndian)
    batch.put(IFLAGRE.oflags, (both | (okey == nil ? 0 : GREFlag.key)).bigEndian)
    batch.put(IFLAGRE.ikey, (ikey ?? 0).bigEndian)
    batch.put(IFLAGRE.okey, (okey ?? 0).bigEndian)
    let none = IPAddress.unspecified(kind.family)
    batch.put(IFLAGRE.local, local ?? none)
    batch.put(IFLAGRE.remote, remote ?? none)
    batch.put(IFLAGRE.ttl, ttl ?? 0)
    batch.put(IFLAGRE.fwmark, fwmark)
    if kind.family == .inet {
      batch.put(IFLAGRE.tos, tosByte)
      batch.put(IFLAGRE.pmtudisc, UInt8(pmtudisc ? 1 : 0))
    } else {
      batch.put(IFLAGRE.encapLimit, encaplimit ?? 0)
      batch.put(IFLAGRE.flowInfo, flowInfo.bigEndian)
      batch.put(IFLAGRE.flags, flags)
    }
  }

  private var tosByte: UInt8 {
    switch tos {
    case .fixed(let number): UInt8(truncatingIfNeeded: number)
    case .inherit: 1
    }
  }

  private var flowInfo: UInt32 {
    var info: UInt32 = 0
    if case .fixed(let number) = tos { info |= number << 20 }
    if case .fixed(let number) = flowlabel { info |= number }
    return info
  }

  private var flags: UInt32 {
    var flags: UInt32 = 0
    if encaplimit == nil { flags |= IPv6TunnelFlag.ignoreEncapLimit }
    if tos == .inherit { flags |= IPv6TunnelFlag.originalTrafficClass }
    if flowlabel == .inherit { flags |= IPv6TunnelFlag.originalFlowLabel }
    return flags
  }
}

extension IPAddress {
  /// 0.0.0.0 or ::.
  fileprivate static func unspecified(_ family: Family) -> IPAddress {
    family == .inet ? IPAddress(v4: 0) : IPAddress(v6High: 0, low: 0)
  }
}
