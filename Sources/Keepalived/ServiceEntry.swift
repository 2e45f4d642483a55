internal import JSON

/// An entry of `services` that is being made: one virtual server for each of its protocols.
struct ServiceEntry {
  var name: String
  /// Keys that are the same for all protocols.
  var fronts: [(String, Tree)]
  var rest: [(String, Tree)]
  /// Empty for marks.
  var protocols: [String]
  /// The probe of each protocol; nil: none.
  var probes: [(String, Tree?)]
  /// How many destinations one protocol has, over all addresses and servers.
  var destinations: Int

  private static let mostDestinations = 65_536

  /// The same for entries that differ only in their protocol.
  var key: String { Tree.object(fronts + rest).text() }

  /// Whether the other entry differs only in its protocol.
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
    // An entry for marks has only one.
    if protocols.isEmpty { return probes[0].1! }
    return .object(probes.map { ($0.0, $0.1 ?? "none") })
  }
}

extension Draft {
  /// Adds the entry, or merges it into one that differs only in its protocol.
  mutating func add(_ entry: ServiceEntry) {
    let key = entry.key
    if let index = places[key], services[index].takes(entry) {
      services[index].merge(entry)
    } else {
      places[key] = services.count
      services.append(entry)
    }
  }

  /// A service name that is unused and isn't the beginning of another: the servers' probes are
  /// called `NAME.PROTOCOL.ADDRESS`.
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

  /// The parts of the name before each of its dots.
  private func beginnings(_ name: String) -> [String] {
    name.indices.filter { name[$0] == "." }.map { String(name[..<$0]) }
  }
}
