import Model
import Netlink

// How IPVS's objects are written as attributes, and read from them.

extension Batch {
  /// `union nf_inet_addr`: 16 bytes for either family.
  fileprivate func putPadded(_ type: UInt16, _ address: IPAddress) {
    let (high, low) = address.v6
    let bytes =
      address.family == .inet6
      ? (high.bigEndian, low.bigEndian)
      : ((UInt64(address.v4) << 32).bigEndian, 0)
    withUnsafeBytes(of: bytes) { put(type, bytes: $0) }
  }

  func put(_ match: IPVSService.Match) {
    put(IPVSServiceAttribute.family, UInt16(match.family.number))
    switch match {
    case .address(let address, let port, let `protocol`):
      put(IPVSServiceAttribute.protocol, `protocol`.number)
      putPadded(IPVSServiceAttribute.address, address)
      put(IPVSServiceAttribute.port, big: port)
    case .mark(let mark, _):
      put(IPVSServiceAttribute.fwmark, mark)
    }
  }

  /// Everything but the match.
  func put(_ service: IPVSService) {
    put(IPVSServiceAttribute.scheduler, service.scheduler)
    var flags = service.flags.reduce(UInt32(0)) { $0 | $1.bit }
    if service.persistence != nil { flags |= IPVSFlag.persistent }
    // struct ip_vs_flags: the flags, and a mask of those that are meant.
    withUnsafeBytes(of: (flags, UInt32.max)) { put(IPVSServiceAttribute.flags, bytes: $0) }
    put(IPVSServiceAttribute.timeout, seconds: service.persistence?.timeout ?? .zero)
    // A mask for IPv4; a length for IPv6, which must not be 0 even without persistence.
    let length = service.persistence?.prefixLength ?? Int(service.family.width)
    if service.family == .inet {
      put(IPVSServiceAttribute.netmask, big: length == 0 ? 0 : UInt32.max << UInt32(32 - length))
    } else {
      put(IPVSServiceAttribute.netmask, UInt32(length))
    }
    if let engine = service.persistence?.engine {
      put(IPVSServiceAttribute.persistenceEngine, engine)
    }
  }

  func putIdentity(_ destination: IPVSDestination) {
    put(IPVSDestinationAttribute.family, UInt16(destination.address.family.number))
    putPadded(IPVSDestinationAttribute.address, destination.address)
    put(IPVSDestinationAttribute.port, big: destination.port)
  }

  /// Everything but the identity.
  func put(_ destination: IPVSDestination) {
    put(IPVSDestinationAttribute.forwarding, destination.forwarding.number)
    put(IPVSDestinationAttribute.weight, destination.effectiveWeight)
    if case .tunnel(let tunnel) = destination.forwarding { put(tunnel) }
    put(IPVSDestinationAttribute.upperThreshold, destination.upperThreshold)
    put(IPVSDestinationAttribute.lowerThreshold, destination.lowerThreshold)
  }

  private func put(_ tunnel: IPVSDestination.Tunnel) {
    switch tunnel {
    case .ipip:
      put(IPVSDestinationAttribute.tunnelType, IPVSTunnel.ipip)
    case .gue(let port, let checksum):
      put(IPVSDestinationAttribute.tunnelType, IPVSTunnel.gue)
      put(IPVSDestinationAttribute.tunnelPort, big: port)
      put(IPVSDestinationAttribute.tunnelFlags, checksum.flags)
    case .gre(let checksum):
      put(IPVSDestinationAttribute.tunnelType, IPVSTunnel.gre)
      put(IPVSDestinationAttribute.tunnelFlags, checksum.flags)
    }
  }

  func put(_ daemon: IPVSDaemon) {
    put(IPVSDaemonAttribute.state, daemon.role.number)
    put(IPVSDaemonAttribute.link, daemon.link.text)
    put(IPVSDaemonAttribute.syncID, UInt32(daemon.syncID))
    if let length = daemon.maxLength { put(IPVSDaemonAttribute.maxLength, length) }
    put(IPVSDaemonAttribute.port, daemon.port)
    put(IPVSDaemonAttribute.ttl, daemon.ttl)
    put(
      daemon.group.family == .inet ? IPVSDaemonAttribute.group : IPVSDaemonAttribute.group6,
      daemon.group)
  }
}

extension Attribute {
  fileprivate func paddedAddress(_ family: Family) -> IPAddress? {
    guard payload.count >= (family == .inet ? 4 : 16) else { return nil }
    return IPAddress(bytes: payload.prefix(family == .inet ? 4 : 16))
  }
}

extension IPVSService {
  /// Nil for a protocol that IPVS doesn't balance.
  init?(_ attributes: Attributes) {
    var family = Family.inet
    var `protocol`: UInt16 = 0
    var address: Attribute?
    var port: UInt16 = 0
    var mark: UInt32?
    var scheduler = ""
    var bits: UInt32 = 0
    var timeout: UInt32 = 0
    var netmask: Attribute?
    var engine: String?
    for attribute in attributes {
      switch attribute.type {
      case IPVSServiceAttribute.family:
        guard let known = attribute.uint16.flatMap(Family.init(wide:)) else { return nil }
        family = known
      case IPVSServiceAttribute.protocol: `protocol` = attribute.uint16 ?? 0
      case IPVSServiceAttribute.address: address = attribute
      case IPVSServiceAttribute.port: port = attribute.bigUInt16 ?? 0
      case IPVSServiceAttribute.fwmark: mark = attribute.uint32
      case IPVSServiceAttribute.scheduler: scheduler = attribute.string
      case IPVSServiceAttribute.flags: bits = attribute.uint32 ?? 0
      case IPVSServiceAttribute.timeout: timeout = attribute.uint32 ?? 0
      case IPVSServiceAttribute.netmask: netmask = attribute
      case IPVSServiceAttribute.persistenceEngine: engine = attribute.string
      default: continue
      }
    }
    if let mark {
      self.init(.mark(mark, family), scheduler: scheduler)
    } else {
      guard let address = address?.paddedAddress(family),
        let known = IPVSProtocol(number: `protocol`)
      else { return nil }
      self.init(.address(address, port: port, protocol: known), scheduler: scheduler)
    }
    flags = Set(Flag.allCases.filter { bits & $0.bit != 0 })
    guard bits & IPVSFlag.persistent != 0 else { return }
    let length =
      family == .inet
      ? (~(netmask?.bigUInt32 ?? .max)).leadingZeroBitCount : Int(netmask?.uint32 ?? 128)
    persistence = Persistence(
      timeout: .seconds(Int64(timeout)), prefixLength: length,
      engine: engine.flatMap { $0.isEmpty ? nil : $0 })
  }
}

extension IPVSDestination {
  /// `family`: the service's, for kernels that don't send the destination's.
  init?(_ attributes: Attributes, family: Family) {
    var family = family
    var address: Attribute?
    var forwarding: UInt32 = 0
    var tunnelType = IPVSTunnel.ipip
    var tunnelPort: UInt16 = 0
    var tunnelFlags: UInt16 = 0
    var destination = IPVSDestination(IPAddress(v4: 0), port: 0)
    for attribute in attributes {
      switch attribute.type {
      case IPVSDestinationAttribute.family:
        family = attribute.uint16.flatMap(Family.init(wide:)) ?? family
      case IPVSDestinationAttribute.address: address = attribute
      case IPVSDestinationAttribute.port: destination.port = attribute.bigUInt16 ?? 0
      case IPVSDestinationAttribute.forwarding: forwarding = attribute.uint32 ?? 0
      case IPVSDestinationAttribute.weight: destination.weight = attribute.uint32 ?? 0
      case IPVSDestinationAttribute.upperThreshold:
        destination.upperThreshold = attribute.uint32 ?? 0
      case IPVSDestinationAttribute.lowerThreshold:
        destination.lowerThreshold = attribute.uint32 ?? 0
      case IPVSDestinationAttribute.tunnelType: tunnelType = attribute.uint8 ?? tunnelType
      case IPVSDestinationAttribute.tunnelPort: tunnelPort = attribute.bigUInt16 ?? 0
      case IPVSDestinationAttribute.tunnelFlags: tunnelFlags = attribute.uint16 ?? 0
      default: continue
      }
    }
    guard let address = address?.paddedAddress(family) else { return nil }
    destination.address = address
    let checksum = Checksum(flags: tunnelFlags)
    switch forwarding & IPVSForwarding.mask {
    case IPVSForwarding.direct: destination.forwarding = .direct
    case IPVSForwarding.tunnel:
      switch tunnelType {
      case IPVSTunnel.gue:
        destination.forwarding = .tunnel(.gue(port: tunnelPort, checksum: checksum))
      case IPVSTunnel.gre: destination.forwarding = .tunnel(.gre(checksum: checksum))
      default: destination.forwarding = .tunnel(.ipip)
      }
    default: destination.forwarding = .masquerade
    }
    self = destination
  }
}

extension IPVSDaemon {
  init?(_ attributes: Attributes) {
    var role: Role?
    var link: LinkName?
    var daemon = IPVSDaemon(.master, link: .loopback)
    for attribute in attributes {
      switch attribute.type {
      case IPVSDaemonAttribute.state: role = Role.allCases.first { $0.number == attribute.uint32 }
      case IPVSDaemonAttribute.link: link = LinkName(attribute.string)
      case IPVSDaemonAttribute.syncID:
        guard let id = attribute.uint32.flatMap({ UInt8(exactly: $0) }) else { return nil }
        daemon.syncID = id
      case IPVSDaemonAttribute.maxLength: daemon.maxLength = attribute.uint16
      case IPVSDaemonAttribute.group, IPVSDaemonAttribute.group6:
        daemon.group = attribute.ipAddress ?? daemon.group
      case IPVSDaemonAttribute.port: daemon.port = attribute.uint16 ?? daemon.port
      case IPVSDaemonAttribute.ttl: daemon.ttl = attribute.uint8 ?? daemon.ttl
      default: continue
      }
    }
    guard let role, let link else { return nil }
    daemon.role = role
    daemon.link = link
    self = daemon
  }
}

// MARK: - Numbers

extension Family {
  /// IPVS sends the protocol in 16 bits.
  fileprivate init?(wide number: UInt16) {
    guard let number = UInt8(exactly: number) else { return nil }
    self.init(number: number)
  }
}

extension IPVSService.Flag {
  fileprivate var bit: UInt32 {
    switch self {
    case .ops: IPVSFlag.onePacket
    case .fallback: IPVSFlag.scheduler1
    case .port: IPVSFlag.scheduler2
    case .flag3: IPVSFlag.scheduler3
    }
  }
}

extension IPVSProtocol {
  fileprivate var number: UInt16 {
    switch self {
    case .tcp: IPProto.tcp
    case .udp: IPProto.udp
    case .sctp: IPProto.sctp
    }
  }

  fileprivate init?(number: UInt16) {
    guard let known = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = known
  }
}

extension IPVSDestination.Forwarding {
  fileprivate var number: UInt32 {
    switch self {
    case .masquerade: IPVSForwarding.masquerade
    case .direct: IPVSForwarding.direct
    case .tunnel: IPVSForwarding.tunnel
    }
  }
}

extension IPVSDestination.Checksum {
  fileprivate var flags: UInt16 {
    switch self {
    case .none: 0
    case .plain: IPVSTunnel.checksum
    case .remote: IPVSTunnel.remoteChecksum
    }
  }

  fileprivate init(flags: UInt16) {
    self =
      flags & IPVSTunnel.remoteChecksum != 0
      ? .remote : flags & IPVSTunnel.checksum != 0 ? .plain : .none
  }
}

extension IPVSTimeout.State {
  var attribute: UInt16 {
    switch self {
    case .tcp: IPVSAttribute.timeoutTCP
    case .tcpfin: IPVSAttribute.timeoutTCPFin
    case .udp: IPVSAttribute.timeoutUDP
    }
  }

  init?(attribute: UInt16) {
    guard let state = Self.allCases.first(where: { $0.attribute == attribute }) else { return nil }
    self = state
  }
}

extension IPVSDaemon.Role {
  var number: UInt32 { self == .master ? IPVSRole.master : IPVSRole.backup }
}
