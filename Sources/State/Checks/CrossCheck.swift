internal import JSON
internal import Model

/// Finds mistakes that only several objects together can show.
struct CrossCheck {
  let contents: Contents
  let findings: Findings
  /// Every link that the file declares, by name.
  let links: [LinkName: Link]
  /// Links that needn't be declared: `lo`, the other ends of veths, and what blueprints make.
  let impliedLinks: Set<LinkName>
  let nexthops: [UInt32: Nexthop]

  /// Nil if a whole section of links couldn't be read.
  let linkSearch: LinkSearch?

  init(_ contents: Contents, _ findings: Findings) {
    self.contents = contents
    self.findings = findings
    let declared = contents[Link.self].items
    links = Dictionary(declared.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    impliedLinks = Set(
      [.loopback] + declared.compactMap { $0.veth?.peer }
        + contents.blueprints.flatMap(\.claims.made))
    nexthops = Dictionary(
      contents[Nexthop.self].items.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    linkSearch = LinkSearch(contents, implied: impliedLinks)
  }

  func run() {
    for section in Sections.all { section.check(self) }
    checkSignals()
    checkDerivedSignals()
    checkGateways()
    checkReach()
    checkIPv6()
    for blueprint in contents.blueprints { checkClaims(blueprint) }
  }

  /// Each object may be stated only once.
  func checkIdentities<R: Resource>(of _: R.Type) {
    let section = contents[R.self]
    // In sorted files, as programs write them, comparing neighbors is enough; otherwise a set does
    // it, at half the cost of a dictionary.
    let pairs = section.items.indices.dropFirst()
    if pairs.allSatisfy({ section.items[$0 - 1].id < section.items[$0].id }) { return }
    var ids = Set<R.ID>(minimumCapacity: section.items.count)
    if section.items.indices.allSatisfy({ ids.insert(section.items[$0].id).inserted }) { return }

    var positions: [R.ID: [Int]] = [:]
    for position in section.items.indices {
      let id = section.items[position].id
      if let other = positions[id]?.first(where: { !section.areExclusive($0, position) }) {
        let hint =
          section.isConditional(other) || section.isConditional(position)
          ? "; two may stand for one only where one's \"when\" needs the \"not\" of what the other's needs"
          : ""
        findings.report(
          at: section.pointer(position),
          "the same \(R.noun) as \(section.pointer(other)): \(id)" + hint)
      } else {
        positions[id, default: []].append(position)
      }
    }
  }
}
