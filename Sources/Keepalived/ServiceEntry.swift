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

  /// Whether the other is the same in front of the same, by another protocol.
  func takes(_ other: ServiceEntry) -> Bool {
    !protocols.isEmpty && !other.protocols.isEmpty
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
    if let index = services.firstIndex(where: { $0.takes(entry) }) {
      services[index].merge(entry)
    } else {
      services.append(entry)
    }
  }

  /// A name that a service may have and none has yet.
  func name(_ wanted: String) -> String {
    let bytes = wanted.utf8.prefix(40).map { byte in
      byte.isNameByte || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        ? byte : UInt8(ascii: "-")
    }
    var name = bytes.string
    if name.isEmpty || "_-.".contains(name.first!) { name = "s" + name }
    if !services.contains(where: { $0.name == name }) { return name }
    var number = 2
    while services.contains(where: { $0.name == "\(name)-\(number)" }) { number += 1 }
    return "\(name)-\(number)"
  }
}
