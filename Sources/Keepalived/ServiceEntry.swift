internal import JSON

/// An entry of `services` in the making: one virtual server for each of its protocols.
struct ServiceEntry {
  var name: String
  /// What is the same for all protocols, key by key.
  var fronts: [(String, Tree)]
  var rest: [(String, Tree)]
  /// Empty: of marks.
  var protocols: [String]
  /// By protocol; nil: what isn't asked.
  var probes: [(String, Tree?)]
  /// Of all addresses and servers, for one protocol.
  var destinations: Int

  private static let mostDestinations = 65_536

  /// What entries that differ by the protocol alone have in common.
  var key: String { Tree.object(fronts + rest).text() }

  /// Whether the other is the same in front of the same, by another protocol.
  func takes(_ other: ServiceEntry) -> Bool {
    !protocols.isEmpty && !other.protocols.isEmpty
      && destinations * (protocols.count + other.protocols.count) <= Self.mostDestinations
      && other.protocols.allSatisfy { !protocols.contains($0) }
      && Tree.object(fronts) == Tree.object(other.fronts)
      && Tree.object(rest) == Tree.object(other.rest)
  }

  mutating func merge(_ other: ServiceEntry) {
    protocols += other.protocols
    probes += other.probes
  }

  var tree: Tree {
    var members = fronts
    if !protocols.isEmpty {
      members.append(("protocols", .array(protocols.map(Tree.string))))
    }
    members += rest
    members.append(("probe", probe))
    return .object(members)
  }

  private var probe: Tree {
    if probes.allSatisfy({ $0.1 == nil }) { return "none" }
    // Of a mark there is but one.
    if protocols.isEmpty { return probes[0].1! }
    return .object(probes.map { ($0.0, $0.1 ?? "none") })
  }
}

extension Draft {
  /// Puts it beside others, or into one that differs by the protocol alone.
  mutating func add(_ entry: ServiceEntry) {
    let key = entry.key
    if let index = places[key], services[index].takes(entry) {
      services[index].merge(entry)
    } else {
      places[key] = services.count
      services.append(entry)
    }
  }

  /// A name that a service may have and none has yet, nor begins with: its servers' probes are called
  /// `NAME.PROTOCOL.ADDRESS`.
  mutating func name(_ wanted: String) -> String {
    let bytes = wanted.utf8.prefix(40).map { byte in
      byte.isNameByte || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        ? byte : UInt8(ascii: "-")
    }
    var base = bytes.string
    if base.isEmpty || "_-.".contains(base.first!) { base = "s" + base }
    var name = base
    while names.contains(name) || beginnings(name).contains(where: names.contains)
      || namedBeginnings.contains(name)
    {
      repeats[base, default: 1] += 1
      name = "\(base)-\(repeats[base]!)"
    }
    names.insert(name)
    namedBeginnings.formUnion(beginnings(name))
    return name
  }

  /// All that stands before a dot of the name.
  private func beginnings(_ name: String) -> [String] {
    name.indices.filter { name[$0] == "." }.map { String(name[..<$0]) }
  }
}
