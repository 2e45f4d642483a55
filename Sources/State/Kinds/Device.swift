internal import Model

extension ObjectReader<LinkKey> {
  /// Nil, and reported, if something that the device needs is missing or wrong.
  mutating func device(_ type: String, of link: Link) -> Device? {
    switch type {
    case "bridge": .bridge(bridge())
    case "bond": bond(of: link).map(Device.bond)
    case "vxlan": vxlan().map(Device.vxlan)
    case "veth": veth(link).map(Device.veth)
    case "macvlan": macvlan(isAdopted: link.isAdopted).map(Device.macvlan)
    case "vlan": vlan(isAdopted: link.isAdopted).map(Device.vlan)
    case "vrf": required(.table, .table(findings.names)).map { .vrf(VRF(table: $0)) }
    case "dummy": .dummy
    case "ifb": .ifb
    case "wireguard": .wireguard
    default: Tunnel.Kind(rawValue: type).flatMap { tunnel($0, of: link) }.map(Device.tunnel)
    }
  }

  private mutating func bridge() -> Bridge {
    var bridge = Bridge()
    bridge.stp = optional(.stpState, .bool)
    bridge.priority = optional(.priority, .uint16(0, to: .max))
    // br_set_forward_delay keeps to 802.1D's limits only while STP is on.
    let leastDelay: Duration = bridge.stp == true ? .seconds(2) : .zero
    bridge.forwardDelay =
      optional(
        .forwardDelay, .duration(leastDelay ... .seconds(30), step: .milliseconds(10))) ?? nil
    bridge.ageingTime =
      optional(.ageingTime, .duration(.zero ... .clockTicks, step: .milliseconds(10))) ?? nil
    bridge.vlanFiltering = optional(.vlanFiltering, .bool)
    bridge.vlanDefaultPVID = optional(.vlanDefaultPvid, .uint16(0, to: 4094))
    bridge.vlanProtocol = optional(.vlanProtocol, .tagProtocol)
    return bridge
  }

  private mutating func vxlan() -> VXLAN? {
    let id = required(.id, .uint32(0, to: 16_777_215))
    var vxlan = VXLAN(id: id ?? 0)
    if has(.group), has(.remote) {
      refuse(.remote, "\"remote\" can't stand beside \"group\": they are one setting of the kernel")
    }
    let group = endpoint(.group)
    let remote = endpoint(.remote)
    vxlan.remote = group ?? remote
    vxlan.local = endpoint(.local)
    vxlan.dev = optional(.dev, .link)
    if has(.group), !has(.dev) {
      reportMissing(.dev, " beside \"group\": the link that joins the multicast group")
    }
    if let other = vxlan.remote, let local = vxlan.local, other.family != local.family {
      report(.local, "\"\(local)\" is of another family than \"\(other)\"")
    }
    if let port = optional(.dstport, .uint16(0, to: 65535)) {
      vxlan.dstport = port == 0 ? VXLAN.kernelPort : port
    }
    vxlan.srcport = optional(.srcport, .ports(1, to: 65535))
    vxlan.learning = optional(.learning, .bool) ?? vxlan.learning
    vxlan.ttl = optional(.ttl, .uint8(1, to: 255))
    return id == nil ? nil : vxlan
  }

  private mutating func endpoint(_ key: LinkKey) -> IPAddress? {
    guard let address = optional(key, .address) else { return nil }
    let problem: String? =
      if address.isUnspecified {
        "is no endpoint: leave \"\(key.name)\" out"
      } else if key == .group && !address.isMulticast {
        "is not a multicast address: a single endpoint is stated as \"remote\""
      } else if key == .remote && address.isMulticast {
        "is a multicast address: state it as \"group\""
      } else if key == .local && address.isMulticast {
        "is a multicast address, which no machine can have"
      } else {
        nil
      }
    if let problem { report(key, "\"\(address)\" \(problem)") }
    return problem == nil ? address : nil
  }

  private mutating func veth(_ link: Link) -> Veth? {
    let peer =
      link.isAdopted
      ? optional(.peer, .link) : required(.peer, .link, ": the name of its other end")
    if let peer, peer == link.name {
      report(.peer, "a veth's other end needs a name of its own, not \"\(peer)\" again")
      return nil
    }
    return faults.contains(.peer) ? nil : Veth(peer: peer)
  }

  private mutating func macvlan(isAdopted: Bool) -> Macvlan? {
    let link = lower(isAdopted)
    let mode = optional(.mode, .macvlanMode)
    return faults.isDisjoint(with: [.link, .mode])
      ? Macvlan(link: link, mode: mode ?? .vepa) : nil
  }

  private mutating func vlan(isAdopted: Bool) -> VLAN? {
    let link = lower(isAdopted)
    let id = required(.id, .uint16(1, to: 4094))
    let tag = optional(.protocol, .tagProtocol)
    guard let id, faults.isDisjoint(with: [.link, .protocol]) else { return nil }
    return VLAN(link: link, id: id, protocol: tag ?? .dot1Q)
  }

  private mutating func lower(_ isAdopted: Bool) -> LinkName? {
    isAdopted ? optional(.link, .link) : required(.link, .link, ": the link below it")
  }
}

extension Form where Self == WordForm<Macvlan.Mode> {
  fileprivate static var macvlanMode: Self { macvlanModeForm }
}
extension Form where Self == WordForm<VLAN.TagProtocol> {
  fileprivate static var tagProtocol: Self { tagProtocolForm }
}

private let macvlanModeForm = WordForm(Macvlan.Mode.self, \.rawValue)
private let tagProtocolForm = WordForm(VLAN.TagProtocol.self, \.rawValue)

extension Duration {
  /// Roughly the most hundredths of a second that fit into 32 bits.
  static let clockTicks = Duration.seconds(497 * 86_400)
}
