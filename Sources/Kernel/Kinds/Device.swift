import Model
import Netlink

// The types of links: what `IFLA_INFO_DATA` contains for each (`linux/if_link.h`).

extension Bridge {
  init(_ data: Attributes) {
    self.init()
    for attribute in data {
      switch attribute.type {
      case IFLABridge.stp: stp = attribute.uint32.map { $0 != 0 }
      case IFLABridge.priority: priority = attribute.uint16
      case IFLABridge.forwardDelay: forwardDelay = attribute.uint32.map(Duration.clockTicks)
      case IFLABridge.ageingTime: ageingTime = attribute.uint32.map(Duration.clockTicks)
      case IFLABridge.vlanFiltering: vlanFiltering = attribute.uint8.map { $0 != 0 }
      case IFLABridge.vlanDefaultPVID: vlanDefaultPVID = attribute.uint16
      case IFLABridge.vlanProtocol: vlanProtocol = attribute.tagProtocol
      default: continue
      }
    }
  }

  /// The defaults of a new bridge. A kernel without CONFIG_BRIDGE_VLAN_FILTERING refuses even to
  /// turn filtering off (EOPNOTSUPP).
  static var new: Bridge {
    var bridge = Bridge()
    bridge.vlanFiltering = false
    return bridge
  }

  /// What is stated and differs: setting the forward delay again would restart STP's timers.
  func put(_ batch: Batch, from present: Bridge) {
    if let stp, stp != present.stp { batch.put(IFLABridge.stp, UInt32(stp ? 1 : 0)) }
    if let priority, priority != present.priority { batch.put(IFLABridge.priority, priority) }
    if let forwardDelay, forwardDelay != present.forwardDelay {
      batch.put(IFLABridge.forwardDelay, clockTicks: forwardDelay)
    }
    if let ageingTime, ageingTime != present.ageingTime {
      batch.put(IFLABridge.ageingTime, clockTicks: ageingTime)
    }
    if let vlanFiltering, vlanFiltering != present.vlanFiltering {
      batch.put(IFLABridge.vlanFiltering, UInt8(vlanFiltering ? 1 : 0))
    }
    if let vlanDefaultPVID, vlanDefaultPVID != present.vlanDefaultPVID {
      batch.put(IFLABridge.vlanDefaultPVID, vlanDefaultPVID)
    }
    if let vlanProtocol, vlanProtocol != present.vlanProtocol {
      batch.put(IFLABridge.vlanProtocol, vlanProtocol.etherType.bigEndian)
    }
  }
}

extension VXLAN {
  init?(_ data: Attributes, _ names: [UInt32: LinkName]) {
    guard let id = data.first(where: { $0.type == IFLAVXLAN.id })?.uint32 else { return nil }
    self.init(id: id)
    for attribute in data {
      switch attribute.type {
      case IFLAVXLAN.group, IFLAVXLAN.group6: remote = attribute.ipAddress
      case IFLAVXLAN.local, IFLAVXLAN.local6: local = attribute.ipAddress
      case IFLAVXLAN.link: dev = attribute.uint32.flatMap { names[$0] }
      case IFLAVXLAN.port: dstport = attribute.uint16.map(UInt16.init(bigEndian:)) ?? dstport
      case IFLAVXLAN.portRange:
        guard attribute.payload.count >= 4, let ports = attribute.uint32, ports != 0 else {
          continue
        }
        let both = UInt32(bigEndian: ports)
        srcport = PortRange(UInt16(both >> 16), UInt16(both & 0xffff))
      case IFLAVXLAN.learning: learning = attribute.uint8 != 0
      case IFLAVXLAN.ttl: ttl = attribute.uint8.flatMap { $0 == 0 ? nil : $0 }
      default: continue
      }
    }
  }

  /// Everything for a new link, and what differs for an existing one: vxlan_changelink refuses some
  /// attributes merely for being present.
  func put(_ batch: Batch, lower: UInt32?, from present: VXLAN?) {
    if present == nil {
      batch.put(IFLAVXLAN.id, id)
      batch.put(IFLAVXLAN.port, dstport.bigEndian)
      if let srcport {
        batch.put(
          IFLAVXLAN.portRange,
          (UInt32(srcport.first) << 16 | UInt32(srcport.last)).bigEndian)
      }
    }
    if dev != present?.dev { batch.put(IFLAVXLAN.link, lower ?? 0) }
    if remote != present?.remote {
      let none = IPAddress(v4: 0)
      let address = remote ?? present?.remote.map(\.unspecified) ?? none
      batch.put(address.family == .inet ? IFLAVXLAN.group : IFLAVXLAN.group6, address)
    }
    if local != present?.local {
      let address = local ?? present?.local.map(\.unspecified) ?? IPAddress(v4: 0)
      batch.put(address.family == .inet ? IFLAVXLAN.local : IFLAVXLAN.local6, address)
    }
    if learning != (present?.learning ?? true) {
      batch.put(IFLAVXLAN.learning, UInt8(learning ? 1 : 0))
    }
    if ttl != present?.ttl { batch.put(IFLAVXLAN.ttl, ttl ?? 0) }
  }
}

extension IPAddress {
  /// 0.0.0.0 or ::, by the family.
  fileprivate var unspecified: IPAddress { masked(0) }
}

extension Macvlan {
  init?(_ data: Attributes, _ lower: LinkName?) {
    guard let number = data.first(where: { $0.type == IFLAMacvlan.mode })?.uint32,
      let mode = Mode.allCases.first(where: { $0.number == number })
    else { return nil }
    self.init(link: lower, mode: mode)
  }
}

extension Macvlan.Mode {
  var number: UInt32 {
    switch self {
    case .private: MacvlanMode.private
    case .vepa: MacvlanMode.vepa
    case .bridge: MacvlanMode.bridge
    case .passthru: MacvlanMode.passthru
    case .source: MacvlanMode.source
    }
  }
}

extension VLAN {
  init?(_ data: Attributes, _ lower: LinkName?) {
    var id: UInt16?
    var tagProtocol = TagProtocol.dot1Q
    for attribute in data {
      if attribute.type == IFLAVLAN.id { id = attribute.uint16 }
      if attribute.type == IFLAVLAN.protocol {
        tagProtocol = attribute.tagProtocol ?? tagProtocol
      }
    }
    guard let id else { return nil }
    self.init(link: lower, id: id, protocol: tagProtocol)
  }
}

extension Attribute {
  fileprivate var tagProtocol: VLAN.TagProtocol? {
    let etherType = uint16.map(UInt16.init(bigEndian:))
    return VLAN.TagProtocol.allCases.first { $0.etherType == etherType }
  }
}

extension VLAN.TagProtocol {
  var etherType: UInt16 { self == .dot1Q ? EtherType.dot1Q : EtherType.dot1ad }
}
