internal import JSON
internal import Model

extension CrossCheck {
  /// The file must not state what a blueprint claims for itself.
  func checkClaims(_ blueprint: any Blueprint) {
    let section = type(of: blueprint).section
    let claims = blueprint.claims
    for named in claims.links {
      let index = named.index.map { [Pointer.Component.index($0)] } ?? []
      for name in named.links {
        checkLink(name, at: Pointer([.key(section)] + index + [.key(named.key)]))
      }
    }
    checkSysctls(claims.sysctls, of: section)
    checkRules(claims, of: section)
    checkRoutingTables(claims, of: section)
  }

  private func checkSysctls(_ sysctls: [Sysctl], of name: String) {
    // By the kernel's variable, since a setting may have two names.
    let needed = Dictionary(
      sysctls.map { ($0.key.variable.key, $0.text) }, uniquingKeysWith: { first, _ in first })
    let section = contents[Sysctl.self]
    for (position, sysctl) in section.items.enumerated() {
      guard let text = needed[sysctl.key.variable.key] ?? nil else { continue }
      let isAlways = !section.isConditional(position)
      if sysctl.text == text, isAlways { continue }
      findings.report(
        at: section.pointer(position),
        "\"\(name)\" needs \(text) here" + (isAlways ? "" : " always") + ": leave it out")
    }
  }

  private func checkRules(_ claims: BlueprintClaims, of name: String) {
    for (position, pattern) in contents.absentRules.items.enumerated() {
      if let rule = claims.rules.first(where: pattern.matches) {
        findings.report(
          at: contents.absentRules.pointer(position),
          "this absent rule would remove rule \(rule.id), one of \"\(name)\"")
      }
    }
    let section = contents[Rule.self]
    for (position, rule) in section.items.enumerated() {
      if let taken = claims.priorities, taken.contains(rule.priority) {
        findings.report(
          at: section.pointer(position, "priority"),
          "\(taken.lowerBound) to \(taken.upperBound) are the rules of \"\(name)\": between them, "
            + "nothing may lead packets elsewhere")
      }
      if let mark = rule.selector.fwmark,
        let match = claims.marks.joined().first(where: { $0 & mark.mask == mark.bits })
      {
        findings.report(
          at: section.pointer(position, "fwmark"),
          "\"\(mark)\" fits \"\(Mark(match))\", a mark of \"\(name)\"")
      }
    }
  }

  private func checkRoutingTables(_ claims: BlueprintClaims, of name: String) {
    if claims.routingTables.isEmpty { return }
    func report(_ table: RouteTable, at pointer: @autoclosure () -> Pointer) {
      guard claims.routingTables.contains(table.number) else { return }
      findings.report(at: pointer(), "table \(table) is one of \"\(name)\"")
    }
    let (routes, links) = (contents[Route.self], contents[Link.self])
    for (position, route) in routes.items.enumerated() {
      report(route.table, at: routes.pointer(position, "table"))
    }
    for (position, link) in links.items.enumerated() {
      guard case .vrf(let vrf) = link.device else { continue }
      report(vrf.table, at: links.pointer(position, "table"))
    }
  }
}
