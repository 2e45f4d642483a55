internal import JSON
internal import Model

extension CrossCheck {
  /// What the gateways stand for must not be what the file states as well.
  func check(_ gateways: Gateways) {
    let members = Pointer([.key("gateways"), .key("members")])
    let own = Set(contents.addresses.items.map(\.address.address))
    for member in gateways.members {
      for address in member.addresses where own.contains(address) {
        findings.report(
          at: members, "\"\(address)\" of \"\(member.name)\" is this machine's own address")
      }
      if contents.probes.contains(where: { $0.name == member.name }) {
        findings.report(
          at: Pointer([.key("probes"), .key(member.name)]),
          "the probe of the gateway \"\(member.name)\" has this name already")
      }
    }
    checkSysctls(gateways.sysctls, of: "gateways")
    checkRules(gateways)
    checkTables(gateways)
  }

  func checkSysctls(_ sysctls: [Sysctl], of section: String) {
    // Whatever name the kernel's setting has.
    let needed = Dictionary(
      sysctls.map { ($0.key.variable.key, $0.text) }, uniquingKeysWith: { first, _ in first })
    for sysctl in contents.sysctls {
      guard let text = needed[sysctl.key.variable.key] ?? nil else { continue }
      let isAlways = contents.sysctlConditions[sysctl.key] == nil
      if sysctl.text == text, isAlways { continue }
      findings.report(
        at: Pointer([.key("sysctls"), .key(sysctl.key.description)]),
        "\"\(section)\" needs \(text) here" + (isAlways ? "" : " always") + ": leave it out")
    }
  }

  private func checkRules(_ gateways: Gateways) {
    for (position, pattern) in contents.absentRules.items.enumerated() {
      if let rule = gateways.rules.first(where: pattern.matches) {
        findings.report(
          at: contents.absentRules.pointer(position),
          "this absent rule would remove rule \(rule.id), one of \"gateways\"")
      }
    }
    let section = contents.rules
    let taken = gateways.priorities
    for (position, rule) in section.items.enumerated() {
      if taken.contains(rule.priority) {
        findings.report(
          at: section.pointer(position, "priority"),
          "\(taken.lowerBound) to \(taken.upperBound) are the rules of \"gateways\": between them, "
            + "nothing may lead packets elsewhere")
      }
      if let mark = rule.selector.fwmark,
        let match = gateways.reservedMarks.first(where: { $0 & mark.mask == mark.bits })
      {
        findings.report(
          at: section.pointer(position, "fwmark"),
          "\"\(mark)\" fits \"\(Mark(match))\", a mark of \"gateways\"")
      }
    }
  }

  private func checkTables(_ gateways: Gateways) {
    let taken = Set(gateways.tables + [gateways.onLinkTable])
    func report(_ table: RouteTable, at pointer: Pointer) {
      guard taken.contains(table.number) else { return }
      findings.report(at: pointer, "table \(table) is one of \"gateways\"")
    }
    for (position, route) in contents.routes.items.enumerated() {
      report(route.table, at: contents.routes.pointer(position, "table"))
    }
    for (position, link) in contents.links.items.enumerated() {
      guard case .vrf(let vrf) = link.device else { continue }
      report(vrf.table, at: contents.links.pointer(position, "table"))
    }
  }
}
