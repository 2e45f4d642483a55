internal import JSON
internal import Model

extension CrossCheck {
  /// One kernel variable may have two names: with two values, each would undo the other for ever.
  func checkSysctls() {
    let section = contents[Sysctl.self]
    var earlier: [Sysctl.Key: Int] = [:]
    for (position, sysctl) in section.items.enumerated() {
      let (key, unit) = sysctl.key.variable
      guard let first = earlier.updateValue(position, forKey: key) else { continue }
      let other = section.items[first]
      if other.key == sysctl.key { continue }
      let isSame =
        unit == other.key.variable.unit
        ? sysctl.text == other.text : value(of: sysctl) == value(of: other)
      if isSame || section.areExclusive(position, first) { continue }
      findings.report(
        at: section.pointer(position),
        "contradicts \"\(other.key)\": the kernel has one setting under both names; leave one out")
    }
  }

  private func value(of sysctl: Sysctl) -> Int? {
    sysctl.text.flatMap { Int($0) }.map { $0 * sysctl.key.variable.unit }
  }
}
