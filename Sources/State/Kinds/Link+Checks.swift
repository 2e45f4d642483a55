internal import JSON
internal import Model

extension CrossCheck {
  func checkLinks() {
    checkCycles()
    checkNames()
    checkVeths()
    let section = contents[Link.self]
    var claims: [Claim: Int] = [:]
    for (position, link) in section.items.enumerated() {
      checkMaster(of: link, position)
      checkMTU(of: link, position)
      checkVLANs(of: link, position)
      checkPrimary(of: link, position)
      checkClaim(of: link, position, &claims)
    }
  }

  private func checkMaster(of link: Link, _ position: Int) {
    let section = contents[Link.self]
    guard let name = link.master, name != link.name, let device = links[name]?.device else {
      return
    }
    switch device {
    case .bridge:
      guard link.tunnel != nil || link.device == .wireguard else { break }
      findings.report(
        at: section.pointer(position, "master"),
        "a bridge takes Ethernet links only, which a link of type \(link.device!.type) isn't")
    case .bond:
      guard link.tunnel != nil || link.device == .wireguard || link.bond != nil else { break }
      findings.report(
        at: section.pointer(position, "master"),
        "a bond doesn't take a link of type \(link.device!.type)")
    case .vrf: break
    default:
      findings.report(
        at: section.pointer(position, "master"),
        "must be a bridge, a bond or a vrf, and \"\(name)\" is of type \(device.type)")
    }
  }

  /// The encapsulated packets must fit into the link below.
  private func checkMTU(of link: Link, _ position: Int) {
    let section = contents[Link.self]
    // Somebody else's link is as it is; what a tunnel can't send whole is fragmented.
    guard !link.isAdopted, link.tunnel == nil, let mtu = link.mtu, let name = link.lower,
      name != link.name,
      let most = links[name]?.mtu
    else { return }
    // Outer IP header, UDP 8, VXLAN 8, inner Ethernet 14 (RFC 7348, section 4.3).
    let overhead: UInt32 = link.vxlan.map { $0.family == .inet ? 50 : 70 } ?? 0
    guard mtu + overhead > most else { return }
    let reason =
      overhead == 0
      ? "above the MTU of \"\(name)\" below it, \(most)"
      : "above the MTU of its \"dev\" \"\(name)\", \(most), less \(overhead) for "
        + "VXLAN over \(overhead == 50 ? "IPv4" : "IPv6"): \(most > overhead ? most - overhead : 0) at most"
    findings.report(at: section.pointer(position, "mtu"), "\(mtu) is " + reason)
  }

  /// VLANs mean nothing to a bridge that doesn't tell them apart.
  private func checkVLANs(of link: Link, _ position: Int) {
    let section = contents[Link.self]
    guard link.vlans != nil, let name = link.bridge == nil ? link.master : link.name,
      let bridge = links[name], let parameters = bridge.bridge
    else { return }
    guard parameters.vlanFiltering == false || bridge.isOurs && parameters.vlanFiltering == nil
    else { return }
    findings.report(
      at: section.pointer(position, "vlans"),
      "bridge \"\(name)\" doesn't tell VLANs apart: it needs \"vlan_filtering\": true")
  }

  private func checkPrimary(of link: Link, _ position: Int) {
    let section = contents[Link.self]
    guard let name = link.bond?.primary, name != link.name, let primary = links[name],
      primary.isManaged,
      primary.master != link.name, primary.master != nil || primary.isOurs
    else { return }
    findings.report(
      at: section.pointer(position, "primary"),
      "\"\(name)\" is no slave of \"\(link.name)\": it needs \"master\": \"\(link.name)\"")
  }

  /// What only one link can have.
  private struct Claim: Hashable {
    let type: String
    let number: UInt32
    var more = ""
  }

  private func checkClaim(of link: Link, _ position: Int, _ claims: inout [Claim: Int]) {
    let section = contents[Link.self]
    let (claim, key, words): (Claim, Pointer.Component, String)
    switch link.device {
    case .vxlan(let vxlan):
      claim = Claim(
        type: "vxlan", number: vxlan.id, more: "\(vxlan.dstport) \(vxlan.family.rawValue)")
      (key, words) = ("id", "id \(vxlan.id) and dstport \(vxlan.dstport)")
    case .vlan(let vlan):
      guard let lower = vlan.link else { return }
      claim = Claim(
        type: "vlan", number: UInt32(vlan.id), more: "\(vlan.protocol.rawValue) \(lower)")
      (key, words) = ("id", "id \(vlan.id) on \"\(lower)\"")
    case .vrf(let vrf):
      claim = Claim(type: "vrf", number: vrf.table.number)
      (key, words) = ("table", "table \(vrf.table)")
    case .tunnel(let tunnel):
      claim = Claim(type: tunnel.kind.rawValue, number: tunnel.ikey ?? 0, more: tunnel.ends)
      (key, words) = ("name", tunnel.ends)
    default: return
    }
    guard let first = claims[claim] else {
      claims[claim] = position
      return
    }
    guard section.items[first].name != link.name, !section.areExclusive(first, position) else {
      return
    }
    findings.report(
      at: section.pointer(position, key),
      "\(words): \(section.pointer(first)), \"\(section.items[first].name)\", has it already")
  }

  /// The kernel keeps names and altnames in one namespace.
  private func checkNames() {
    let section = contents[Link.self]
    var owners: [String: Int] = [:]
    for (position, link) in section.items.enumerated() {
      for altname in Set(link.altnames ?? []).sorted() {
        let pointer = section.pointer(position, "altnames")
        if let name = LinkName(altname), links[name] != nil || impliedLinks.contains(name) {
          findings.report(at: pointer, "\(quoted(altname)) is the name of a link")
        } else if let owner = owners.updateValue(position, forKey: altname),
          section.items[owner].name != link.name
        {
          findings.report(
            at: pointer, "\(quoted(altname)) is an altname of \(section.pointer(owner)) already")
        }
      }
    }
  }

  private func checkVeths() {
    let section = contents[Link.self]
    var claimed: [LinkName: Int] = [:]
    let positions = Dictionary(
      zip(section.items.lazy.map(\.name), section.items.indices), uniquingKeysWith: { a, _ in a })
    for (position, link) in section.items.enumerated() {
      guard let peer = link.veth?.peer else { continue }
      let pointer = section.pointer(position, "peer")
      if let first = claimed[peer] {
        if section.items[first].name != link.name {
          findings.report(
            at: pointer, "\"\(peer)\" is the peer of \(section.pointer(first)) already")
        }
        continue
      }
      claimed[peer] = position
      guard let device = links[peer]?.device else { continue }
      guard case .veth(let other) = device else {
        findings.report(at: pointer, "\"\(peer)\" is of type \(device.type), not veth")
        continue
      }
      if let end = positions[peer],
        section.when(end) != section.when(position)
      {
        findings.report(
          at: section.pointer(position, "peer"),
          "\"\(peer)\" needs the same \"when\": both ends of a veth come and go together")
      }
      if let back = other.peer, back != link.name {
        findings.report(at: pointer, "\"\(peer)\" is declared with another peer, \"\(back)\"")
      }
    }
  }
}

extension VXLAN {
  /// The family of the outer packets.
  var family: Family { (remote ?? local)?.family ?? .inet }
}
