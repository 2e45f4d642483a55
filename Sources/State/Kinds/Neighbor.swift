internal import JSON
internal import Model

enum NeighborKey: Int, ObjectKey {
  case link, address, mac, proxy, router, `protocol`, adopt, when
  /// From here on, keys of a VXLAN's forwarding entry only.
  case dst, port, vni, via

  static let names = spelledNames()
  static let example =
    "{ \"link\": \"eth0\", \"address\": \"192.0.2.7\", \"mac\": \"02:00:00:00:00:07\" }"
}

/// The section holds two kinds.
enum NeighborSection: SectionReader {
  static let key = "neighbors"

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    var neighbors = Section<Neighbor>(key, count: file.count(fileKey))
    var entries = Section<FDBEntry>(key)
    _ = file.each(fileKey, of: "neighbor") { (object: inout ObjectReader<NeighborKey>, index) in
      let read = object.neighborOrEntry()
      let when = object.when()
      switch read {
      case .neighbor(let neighbor):
        neighbors.append(Declared(neighbor, when: when), at: .index(index))
      case .entry(let entry): entries.append(Declared(entry, when: when), at: .index(index))
      case nil: break
      }
    }
    contents[Neighbor.self] = neighbors
    contents[FDBEntry.self] = entries
  }

  static func check(_ check: CrossCheck) {
    check.checkIdentities(of: Neighbor.self)
    check.checkIdentities(of: FDBEntry.self)
    check.checkLinks(of: Neighbor.self) { [($0.link, "link")] }
    check.checkLinks(of: FDBEntry.self) { [($0.link, "link"), ($0.via, "via")] }
    check.checkEntries()
  }

  static func tree(_ state: NetworkState) -> Tree? {
    list(trees(of: Neighbor.self, state) + trees(of: FDBEntry.self, state))
  }
}

private enum NeighborOrEntry {
  case neighbor(Neighbor)
  case entry(FDBEntry)
}

extension ObjectReader<NeighborKey> {
  fileprivate mutating func neighborOrEntry() -> NeighborOrEntry? {
    // An entry with an address of its own is a neighbor, whatever else it has.
    if !has(.address), let key = first(of: [.dst, .port, .vni, .via, .adopt]) {
      return entry(because: key).map(NeighborOrEntry.entry)
    }
    return neighbor().map(NeighborOrEntry.neighbor)
  }

  private mutating func neighbor() -> Neighbor? {
    let link = required(.link, .link)
    let address = required(
      .address, .address, ", or \"dst\" for a VXLAN's forwarding entry")
    refuse([.dst, .port, .vni, .via]) {
      "\($0) is for a VXLAN's forwarding entry, which has no \"address\""
    }
    let mac = optional(.mac, .mac)
    let isProxy = optional(.proxy, .flag) ?? false
    let isRouter = optional(.router, .bool) ?? false
    let maker = optional(.protocol, .routeProtocol(findings.names))
    let isAdopted = optional(.adopt, .bool) ?? false
    if has(.proxy), has(.mac) {
      refuse(.mac, "\"mac\" can't stand beside \"proxy\": this machine answers with its own")
    } else if !has(.proxy), !has(.mac) {
      reportMissing(.mac, ", or \"proxy\": true")
    }
    guard let link, let address else { return nil }
    if address.isUnspecified {
      report(.address, "\"\(address)\" is \(address.nature), which is nobody's")
    }
    if address.family == .inet {
      refuse([.router]) { "\($0) is for IPv6: ARP knows no routers" }
    }
    var neighbor = Neighbor(address, link: link)
    neighbor.mac = mac
    neighbor.isProxy = isProxy
    neighbor.isRouter = isRouter
    neighbor.protocol = maker.map(RouteProtocol.init)
    neighbor.isAdopted = isAdopted
    return faults.isDisjoint(with: [.proxy, .address]) ? neighbor : nil
  }

  private mutating func entry(because key: NeighborKey) -> FDBEntry? {
    let link = required(.link, .link)
    let mac = required(.mac, .mac)
    let dst = required(.dst, .address, " beside \"\(key.name)\": the endpoint's address")
    refuse([.proxy, .router, .protocol]) {
      "\($0) is not for a VXLAN's forwarding entry, which this is by its \"\(key.name)\""
    }
    let port = optional(.port, .uint16(1, to: 65535))
    let vni = optional(.vni, .uint32(0, to: 16_777_215))
    let via = optional(.via, .link)
    let isAdopted = optional(.adopt, .bool) ?? false
    guard let link, let mac, let dst else { return nil }
    if dst.isUnspecified { report(.dst, "\"\(dst)\" is \(dst.nature), which is nobody's") }
    var entry = FDBEntry(mac, link: link, dst: dst)
    entry.port = port
    entry.vni = vni
    entry.via = via
    entry.isAdopted = isAdopted
    return faults.contains(.dst) ? nil : entry
  }
}
