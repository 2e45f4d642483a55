internal import Model

extension Draft {
  /// Reads what is in front: an address with a port, a firewall mark, or a group of those.
  mutating func readFronts(_ statement: Statement, _ server: inout VirtualServer) {
    let words = Array(statement.words.dropFirst())
    guard let first = words.first else { return }
    if first == "group", words.count > 1 {
      server.name = words[1]
      server.isGroup = true
      guard let members = group(words[1]) else {
        note(statement.location, "there is no virtual_server_group \(shown(words[1]))")
        return
      }
      for member in members { server.fronts += entries(member) }
      if isAmbiguous(server.fronts) {
        note(
          statement.location,
          "the group \(shown(words[1])) has IPv4, IPv6 and a mark without a family, which "
            + "keepalived refuses as a whole")
        server.fronts = []
      }
    } else if first == "fwmark" {
      server.fronts = marks(words, statement.location)
      server.name = words.prefix(2).joined(separator: "-")
    } else {
      readAddress(words, statement.location, &server)
    }
  }

  /// keepalived takes the first address of a range here, as it does for real servers.
  private mutating func readAddress(
    _ words: [String], _ location: Location, _ server: inout VirtualServer
  ) {
    guard let address = single(words[0], location), let port = port(words) else {
      return noteNoAddress(words, location)
    }
    server.fronts = [.address(address, port)]
    server.family = address.family
    server.name = ([address.description] + words.dropFirst().prefix(1)).joined(separator: "-")
  }

  /// An address that a machine may have; anything after a `-` or a `/` is ignored.
  mutating func single(_ text: String, _ location: Location) -> IPAddress? {
    let end = text.firstIndex { $0 == "-" || $0 == "/" } ?? text.endIndex
    guard let address = IPAddress(String(text[..<end])), !address.isUnspecified,
      !address.isMulticast
    else { return nil }
    if end != text.endIndex {
      note(location, "\(shown(text)): only \(address), since keepalived takes no range here")
    }
    return address
  }

  /// An entry of a `virtual_server_group`.
  private mutating func entries(_ entry: Statement) -> [VirtualServer.Front] {
    let (words, location) = (entry.words, entry.location)
    if words[0] == "fwmark" { return marks(words, location) }
    guard let port = port(words) else {
      noteNoAddress(words, location)
      return []
    }
    switch Addresses.range(words[0]) {
    case .none:
      noteNoAddress(words, location)
      return []
    case .some(.failure(let fault)):
      note(location, "\(shown(words[0])) \(fault.reason): left out")
      return []
    case .some(.success(let addresses)):
      guard addresses.allSatisfy({ !$0.isUnspecified && !$0.isMulticast }) else {
        noteNoAddress(words, location)
        return []
      }
      if words[0].utf8.contains(UInt8(ascii: "/")), addresses.count > 1 {
        note(
          location, "\(shown(words[0])): \(addresses.count) virtual addresses, as keepalived has")
      }
      return addresses.map { .address($0, port) }
    }
  }

  /// `fwmark NUMBER [inet|inet6]`
  private mutating func marks(_ words: [String], _ location: Location) -> [VirtualServer.Front] {
    guard words.count > 1, let mark = UInt32(words[1]), mark > 0 else {
      note(location, "not a firewall mark: \(shown(words.dropFirst().first ?? ""))")
      return []
    }
    guard words.count > 2 else { return [.mark(mark, nil)] }
    guard let family = Family(rawValue: words[2]) else {
      note(location, "not a family: \(shown(words[2]))")
      return []
    }
    return [.mark(mark, family)]
  }

  private func port(_ words: [String]) -> UInt16? { words.count > 1 ? UInt16(words[1]) : 0 }

  private mutating func noteNoAddress(_ words: [String], _ location: Location) {
    note(location, "not an address and port: \(shown(words.prefix(2).joined(separator: " ")))")
  }

  private func isAmbiguous(_ fronts: [VirtualServer.Front]) -> Bool {
    var families: Set<Family> = []
    var lacksFamily = false
    for front in fronts {
      switch front {
      case .address(let address, _): families.insert(address.family)
      case .mark(_, let family?): families.insert(family)
      case .mark(_, .none): lacksFamily = true
      }
    }
    return lacksFamily && families.count > 1
  }
}
