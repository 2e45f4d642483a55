import Model

extension Comparison {
  /// Whether what it depends on can't be made, or the kernel is known to refuse it; reports a
  /// conflict then.
  mutating func isRefused<R: Resource>(_ object: R) -> Bool {
    // Nexthops and routes are compared after all addresses.
    if !knowsReach, R.self == Nexthop.self || R.self == Route.self { foresight.reach = reach() }
    if !refused.isEmpty, let cause = refused.cause(of: object, foresight.reach) {
      refuse(object, cause.reason, because: cause.id)
      return true
    }
    guard isAllKnown, let objection = object.objection(&foresight) else { return false }
    refuse(object, objection)
    return true
  }

  /// The kernel doesn't use an address that another machine has, and doesn't try again by itself.
  mutating func refuseDuplicates() {
    guard isAllKnown, observed.addresses.contains(where: { $0.detection == .failed }) else {
      return
    }
    let remade = Set(steps.filter { $0.change.verb == .replace }.map(\.change.object.id))
    let wanted = Set(desired.addresses.map(\.id))
    for address in observed.addresses
    where address.detection == .failed && wanted.contains(address.id)
      && !cascade.has(address.link) && !remade.contains(address.objectID)
    {
      refuse(
        address,
        "another machine on link \(address.link) has it, as duplicate address detection found: take it "
          + "away there, then run `ip address del \(address.address) dev \(address.link)`, and vpngw adds "
          + "it again")
    }
  }

  private mutating func reach() -> Reach {
    knowsReach = true
    let refused = Set(conflicts.map(\.object.id))
    return Reach(from: observed, to: desired, cascade) { refused.contains($0.objectID) }
  }

  /// The kernel drops all of IPv6 from a link whose MTU falls below IPv6's minimum.
  func endOfIPv6<R: Resource>(_ object: R, _ present: R) -> String? {
    guard let link = object as? Link, let mtu = link.mtu, mtu < Link.leastIPv6MTU,
      let before = (present as? Link)?.mtu, before >= Link.leastIPv6MTU
    else { return nil }
    let addresses = observed.addresses.filter {
      $0.link == link.name && $0.address.family == .inet6
    }
    guard let first = addresses.first else { return nil }
    let more = addresses.count > 1 ? " and \(addresses.count - 1) more" : ""
    return "ends IPv6 on it, with \(first.address)\(more): below \(Link.leastIPv6MTU)"
  }

  /// The desired settings without those that differ from the kernel's and can't be written, for which
  /// there is one reason.
  private mutating func writableSysctls() -> [Sysctl] {
    let readOnly = Dictionary(
      observed.sysctls.filter(\.isReadOnly).map { ($0.key, $0.text) },
      uniquingKeysWith: { first, _ in first })
    if readOnly.isEmpty { return desired.sysctls }
    let refused = desired.sysctls.filter { sysctl in
      guard let present = readOnly[sysctl.key] else { return false }
      return present != sysctl.text
    }
    if refused.isEmpty { return desired.sysctls }
    let reason = SysctlAdvice(refused.sorted { $0.key < $1.key }).sentence
    for sysctl in refused { refuse(Object(sysctl), reason, isShared: true) }
    let keys = Set(refused.map(\.key))
    return desired.sysctls.filter { !keys.contains($0.key) }
  }

  /// The desired settings that can be written; the others become conflicts.
  mutating func possibleSysctls() -> [Sysctl] {
    let desired = writableSysctls()
    guard observed.sysctls.contains(where: \.isAbsent) else { return desired }
    let absent = Dictionary(
      observed.sysctls.filter(\.isAbsent).map { ($0.key, $0) },
      uniquingKeysWith: { first, _ in first })
    return desired.filter { sysctl in
      guard let found = absent[sysctl.key] else { return true }
      // Conntrack's settings appear with the first table that uses it.
      if sysctl.key.parts.starts(with: ["net", "netfilter"]), !self.desired.tables.isEmpty {
        return true
      }
      refuse(
        sysctl,
        "this kernel has no such setting, or not in this namespace"
          + (found.nearest.map { "; did you mean \($0)?" } ?? ""))
      return false
    }
  }
}
