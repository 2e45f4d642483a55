internal import JSON
internal import Model

/// What only several objects together can get wrong.
struct CrossCheck {
  let contents: Contents
  let findings: Findings
  /// Every link that the file declares, by name.
  let links: [LinkName: Link]
  /// Links that need no declaration of their own: `lo`, and the other ends of veths.
  let impliedLinks: Set<LinkName>
  let nexthops: [UInt32: Nexthop]

  init(_ contents: Contents, _ findings: Findings) {
    self.contents = contents
    self.findings = findings
    let declared = contents.links.items
    links = Dictionary(declared.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    impliedLinks = Set([.loopback] + declared.compactMap { $0.veth?.peer })
    nexthops = Dictionary(
      contents.nexthops.items.map { ($0.id32, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func run() {
    checkIdentities(contents.links)
    checkIdentities(contents.addresses)
    checkIdentities(contents.neighbors)
    checkIdentities(contents.fdb)
    checkIdentities(contents.nexthops)
    checkIdentities(contents.routes)
    checkIdentities(contents.rules)
    checkReferences()
    checkLinks()
    checkNexthops()
    checkRoutes()
    checkGateways()
    checkEntries()
    checkAbsentRules()
  }

  private func checkIdentities<R: Resource>(_ section: Section<R>) {
    var seen: [R.ID: Int32] = [:]
    seen.reserveCapacity(section.items.count)
    for (position, object) in section.items.enumerated() {
      let id = object.id
      if let first = seen[id] {
        findings.report(
          at: section.pointer(position),
          "the same \(R.kind.rawValue) as \(section.pointer(Int(first))): \(id)")
      } else {
        seen[id] = Int32(truncatingIfNeeded: position)
      }
    }
  }
}
