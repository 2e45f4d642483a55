import Model
import Netlink

/// How links are created, changed and deleted.
enum LinkKind: KernelKind {
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    observed.links = observation.links.links
  }

  static func command(_ link: Link, _ word: String, _ change: Change) -> String {
    if change.verb == .update { return "link set \(link.name)\(change.propertyText)" }
    return "link \(word) \(link.name)" + (link.device.map { " type \($0.type)" } ?? "")
  }

  static func encode(
    _ change: Change, _ link: Link, from present: Link?, _ encoder: Encoder
  ) throws(NetlinkError) {
    switch change.verb {
    case .delete:
      delete(link, encoder.batch)
    case .replace:
      delete(present ?? link, encoder.batch)
      try create(link, encoder)
    case .update:
      try update(link, from: present, encoder)
    case .create:
      // The other end of a pair that has just been created exists already.
      if link.veth != nil, encoder.made.contains(link.name) {
        try finish(link, encoder)
      } else {
        try create(link, encoder)
      }
    }
    if change.verb == .delete { return }
    if let peer = link.veth?.peer { encoder.made.insert(peer) }
    makePrimary(link, encoder)
  }

  /// `ip link delete NAME`, by index: by now the name may be another link's, or its altname.
  private static func delete(_ link: Link, _ batch: Batch) {
    batch.request(RTM.delLink, []) {
      $0.linkHeader(index: link.index ?? 0)
      if link.index == nil { $0.put(IFLA.name, link.name.text) }
    }
  }

  /// `ip link add NAME address MAC master MASTER type TYPE ...`
  private static func create(_ link: Link, _ encoder: Encoder) throws(NetlinkError) {
    guard let device = link.device else {
      throw NetlinkError("link show \(link.name)", code: ErrorCode.noDevice)
    }
    let lower = try index(link.lower, encoder)
    let master = try index(link.master, encoder)
    let primary = primary(of: link, encoder)
    encoder.batch.request(RTM.newLink, [.create, .exclusive]) {
      $0.linkHeader()
      $0.put(IFLA.name, link.name.text)
      if let address = link.address { $0.put(IFLA.address, address) }
      if let master { $0.put(IFLA.master, master) }
      if let lower, link.vxlan == nil, link.tunnel == nil { $0.put(IFLA.link, lower) }
      putInfo($0, device, lower: lower, primary: primary, from: nil)
    }
    try identify(link, encoder)
    // The other end must be marked as ours too, even if we die before its own step.
    if let peer = link.veth?.peer { try identify(Link(peer), encoder) }
  }

  /// Sets what the second end of a new pair still lacks.
  private static func finish(_ link: Link, _ encoder: Encoder) throws(NetlinkError) {
    let master = try index(link.master, encoder)
    encoder.batch.request(RTM.newLink, []) {
      $0.linkHeader()
      $0.put(IFLA.name, link.name.text)
      if let address = link.address { $0.put(IFLA.address, address) }
      if let master { $0.put(IFLA.master, master) }
    }
    try identify(link, encoder)
  }

  /// `ip link set NAME mtu MTU alias MARK up` and `ip link property add dev NAME altname ...`: what
  /// the kernel doesn't accept in a creation, sent along with it.
  private static func identify(_ link: Link, _ encoder: Encoder) throws(NetlinkError) {
    let batch = encoder.batch
    batch.request(RTM.newLink, []) {
      // A port must not carry frames before its VLANs are right.
      if link.vlans == nil {
        $0.linkHeader(flags: link.isUp == true ? IFF.up : 0, change: link.isUp == nil ? 0 : IFF.up)
      } else {
        $0.linkHeader()
      }
      $0.put(IFLA.name, link.name.text)
      // Not in the creation: a bridge takes its first port's MTU unless it was set (br_change_mtu).
      if let mtu = link.mtu { $0.put(IFLA.mtu, mtu) }
      $0.put(IFLA.alias, Ownership.text(link.alias))
    }
    change(link.altnames ?? [], of: link.name, RTM.newLinkProperty, batch)
    guard let vlans = link.vlans else { return }
    encoder.later { encoder throws(NetlinkError) in
      PortVLAN.change(
        to: vlans, from: nil, of: try encoder.index(link.name), isBridge: link.bridge != nil,
        encoder.batch)
      guard let isUp = link.isUp else { return }
      encoder.batch.request(RTM.newLink, []) {
        $0.linkHeader(flags: isUp ? IFF.up : 0, change: IFF.up)
        $0.put(IFLA.name, link.name.text)
      }
    }
  }

  /// The index of a bond's primary, which may be made after the bond.
  private static func primary(of link: Link, _ encoder: Encoder) -> UInt32? {
    guard let primary = link.bond?.primary else { return nil }
    let index = encoder.links.index(primary)
    if index == nil { encoder.lackingPrimary[link.name] = primary }
    return index
  }

  /// `ip link set BOND type bond primary NAME`, if its bond waits for this link.
  private static func makePrimary(_ link: Link, _ encoder: Encoder) {
    guard let bond = link.master, encoder.lackingPrimary[bond] == link.name else { return }
    encoder.later { encoder throws(NetlinkError) in
      var parameters = Bond()
      parameters.primary = link.name
      let index = try encoder.index(link.name)
      encoder.batch.request(RTM.newLink, []) {
        $0.linkHeader()
        $0.put(IFLA.name, bond.text)
        putInfo($0, .bond(parameters), lower: nil, primary: index, from: nil)
      }
    }
  }

  private static func change(
    _ altnames: [String], of name: LinkName, _ type: UInt16, _ batch: Batch
  ) {
    if altnames.isEmpty { return }
    batch.request(type, type == RTM.newLinkProperty ? [.create, .exclusive, .append] : []) {
      $0.linkHeader()
      $0.put(IFLA.name, name.text)
      $0.nest(IFLA.propertyList) { for altname in altnames { $0.put(IFLA.altname, altname) } }
    }
  }

  /// `ip link set NAME type TYPE ...` and `ip link set NAME ...`: what is stated and differs.
  private static func update(
    _ link: Link, from observed: Link?, _ encoder: Encoder
  ) throws(NetlinkError) {
    let observed = observed ?? Link(link.name)
    let differing = Set(link.differences(from: observed).map(\.name))
    let lower = try index(link.lower, encoder)
    let master = try index(link.master, encoder)
    let changesDevice = !differing.isSubset(of: [
      "mtu", "address", "master", "alias", "altnames", "vlans", "up",
    ])
    let primary = primary(of: link, encoder)
    // In a request of its own: vxlan_changelink refuses one that contains an MTU.
    if changesDevice, let device = link.device {
      // The new lower link may be the present master: leave the master first.
      if differing.contains("master"), observed.master != nil {
        encoder.batch.request(RTM.newLink, []) {
          $0.linkHeader()
          $0.put(IFLA.name, link.name.text)
          $0.put(IFLA.master, UInt32(0))
        }
      }
      encoder.batch.request(RTM.newLink, []) {
        $0.linkHeader()
        $0.put(IFLA.name, link.name.text)
        // Otherwise a tunnel that gets another link below it takes its MTU from there.
        if link.tunnel != nil, let mtu = link.mtu { $0.put(IFLA.mtu, mtu) }
        putInfo($0, device, lower: lower, primary: primary, from: observed.device)
      }
    }
    let isUp = link.isUp ?? observed.isUp
    // A bond takes only links that are down, opens them, and leaves them closed (bond_enslave,
    // __bond_release_one).
    let movesBond =
      differing.contains("master")
      && (encoder.links.isBond(link.master) || encoder.links.isBond(observed.master))
    if movesBond, encoder.links.isBond(link.master) {
      encoder.batch.request(RTM.newLink, []) {
        $0.linkHeader(flags: 0, change: IFF.up)
        $0.put(IFLA.name, link.name.text)
      }
    }
    encoder.batch.request(RTM.newLink, []) {
      // Flags without a mask would set all of them (rtnl_dev_combine_flags).
      if differing.contains("up"), !movesBond {
        $0.linkHeader(flags: isUp == true ? IFF.up : 0, change: IFF.up)
      } else {
        $0.linkHeader()
      }
      $0.put(IFLA.name, link.name.text)
      if differing.contains("mtu"), let mtu = link.mtu { $0.put(IFLA.mtu, mtu) }
      if differing.contains("address"), let address = link.address { $0.put(IFLA.address, address) }
      if differing.contains("master") { $0.put(IFLA.master, master ?? 0) }
      if differing.contains("alias") {
        $0.put(IFLA.alias, observed.isOwned ? Ownership.text(link.alias) : link.alias ?? "")
      }
    }
    if movesBond {
      // Until Linux 6.8 a request's flags take effect before its master (do_setlink).
      encoder.batch.request(RTM.newLink, []) {
        $0.linkHeader(flags: isUp == true ? IFF.up : 0, change: IFF.up)
        $0.put(IFLA.name, link.name.text)
      }
    }
    if let vlans = link.vlans, !differing.isDisjoint(with: ["vlans", "master"]) {
      let index = if let index = observed.index { index } else { try encoder.index(link.name) }
      PortVLAN.change(
        // Another bridge has made it a member of its own.
        to: vlans, from: differing.contains("master") ? nil : observed.vlans,
        of: index, isBridge: link.bridge != nil,
        encoder.batch)
    }
    guard differing.contains("altnames"), let wanted = link.altnames else { return }
    let present = observed.altnames ?? []
    if link.isOurs {
      let gone = present.filter { !wanted.contains($0) }
      change(gone, of: link.name, RTM.delLinkProperty, encoder.batch)
    }
    change(
      wanted.filter { !present.contains($0) }, of: link.name, RTM.newLinkProperty, encoder.batch)
  }

  private static func index(_ name: LinkName?, _ encoder: Encoder) throws(NetlinkError) -> UInt32? {
    guard let name else { return nil }
    return try encoder.index(name)
  }

  private static func putInfo(
    _ batch: Batch, _ device: Device, lower: UInt32?, primary: UInt32?, from observed: Device?
  ) {
    batch.nest(IFLA.linkInfo) {
      $0.put(IFLAInfo.kind, device.type)
      $0.nest(IFLAInfo.data) { data in
        switch (device, observed) {
        case (.bridge(let bridge), .bridge(let present)?): bridge.put(data, from: present)
        case (.bridge(let bridge), _): bridge.put(data, from: .new)
        case (.bond(let bond), .bond(let present)?):
          bond.put(data, primary: primary, from: present)
        case (.bond(let bond), _): bond.put(data, primary: primary, from: nil)
        case (.tunnel(let tunnel), _): tunnel.put(data, lower: lower)
        case (.vxlan(let vxlan), .vxlan(let present)?):
          vxlan.put(data, lower: lower, from: present)
        case (.vxlan(let vxlan), _): vxlan.put(data, lower: lower, from: nil)
        case (.macvlan(let macvlan), _): data.put(IFLAMacvlan.mode, macvlan.mode.number)
        case (.vlan(let vlan), _):
          data.put(IFLAVLAN.id, vlan.id)
          data.put(IFLAVLAN.protocol, vlan.protocol.etherType.bigEndian)
        case (.vrf(let vrf), _): data.put(IFLAVRF.table, vrf.table.number)
        case (.veth(let veth), _):
          guard let peer = veth.peer else { return }
          data.nest(IFLAVeth.peer) {
            $0.nestedLinkHeader()
            $0.put(IFLA.name, peer.text)
          }
        case (.dummy, _), (.ifb, _), (.wireguard, _): break
        }
      }
    }
  }
}
