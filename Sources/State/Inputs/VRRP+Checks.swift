internal import JSON
internal import Model
internal import VRRP

extension VRRPSection {
  static func check(_ check: CrossCheck) {
    let instances = check.contents.inputs[VRRPInstance.self].map { check.learned($0) }
    for (position, instance) in instances.enumerated() {
      func pointer(_ below: Pointer.Component...) -> Pointer {
        Pointer([.key(key), .key(instance.name)] + below)
      }
      check.checkLink(instance.link, at: pointer(.key(VRRPKey.link.name)))
      for problem in instance.router.problems { check.findings.report(at: pointer(), problem) }
      if let other = instances[..<position].first(where: instance.isConfusable) {
        check.findings.report(
          at: pointer(.key(VRRPKey.id.name)),
          "virtual router \(quoted(other.name)) has the id \(other.router.id) on \(other.link) already"
        )
      }
      if let way = cycle(from: instance, instances) {
        check.findings.report(
          at: pointer(.key(VRRPKey.track.name)),
          way.isEmpty
            ? "tracks its own signal"
            : "tracks itself, by way of \(way.map { "\($0)" }.joined(separator: ", "))")
      }
    }
  }

  /// The signals by way of which an instance tracks itself; nil: it doesn't.
  private static func cycle(
    from instance: VRRPInstance, _ instances: [VRRPInstance]
  ) -> [Signal]? {
    var seen: Set<Signal> = []
    func way(_ signals: Set<Signal>) -> [Signal]? {
      if signals.contains(instance.signal) { return [] }
      for signal in signals.sorted() where seen.insert(signal).inserted {
        guard let next = instances.first(where: { $0.signal == signal }),
          let rest = way(next.tracked)
        else { continue }
        return [signal] + rest
      }
      return nil
    }
    return way(instance.tracked)
  }
}

extension CrossCheck {
  /// With the addresses of the section `addresses` that it decides about.
  fileprivate func learned(_ instance: VRRPInstance) -> VRRPInstance {
    let section = contents[Address.self]
    var copy = instance
    copy.learn(
      section.items.indices.compactMap { position in
        guard let when = section.when(position), instance.decides(when) else { return nil }
        return section.items[position].address.address
      })
    return copy
  }
}

extension VRRPInstance {
  /// Whether peers couldn't tell the two apart.
  fileprivate func isConfusable(with other: VRRPInstance) -> Bool {
    link == other.link && router.id == other.router.id
      && Family.allCases.contains { router.families[$0] && other.router.families[$0] }
  }
}
