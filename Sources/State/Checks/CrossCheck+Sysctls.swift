internal import JSON
internal import Model

extension CrossCheck {
  /// One setting of the kernel under two names: with two values each would undo the other for ever.
  func checkSysctls() {
    var earlier: [Sysctl.Key: Sysctl] = [:]
    for sysctl in contents.sysctls {
      let (key, unit) = sysctl.key.variable
      guard let other = earlier.updateValue(sysctl, forKey: key), other.key != sysctl.key else {
        continue
      }
      let isSame =
        unit == other.key.variable.unit
        ? sysctl.text == other.text : value(of: sysctl) == value(of: other)
      if isSame || areExclusive(sysctl, other) { continue }
      findings.report(
        at: Pointer([.key("sysctls"), .key(sysctl.key.description)]),
        "contradicts \"\(other.key)\": the kernel has one setting under both names; leave one out")
    }
  }

  private func value(of sysctl: Sysctl) -> Int? {
    sysctl.text.flatMap { Int($0) }.map { $0 * sysctl.key.variable.unit }
  }

  private func areExclusive(_ a: Sysctl, _ b: Sysctl) -> Bool {
    guard let one = contents.sysctlConditions[a.key], let other = contents.sysctlConditions[b.key]
    else { return false }
    return one.excludes(other)
  }
}
