import Blueprints
internal import JSON
internal import Model
internal import VRRP

extension VRRPSection {
  static func check(_ check: CrossCheck) {
    let instances = check.contents.inputs[VRRPInstance.self].map(check.contents.learned)
    checkVirtualLinks(instances, check)
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

  /// A macvlan's name must be free, and its virtual MAC is of one family.
  private static func checkVirtualLinks(_ instances: [VRRPInstance], _ check: CrossCheck) {
    var owners: [LinkName: String] = [:]
    for instance in instances {
      let pointer = Pointer([.key(key), .key(instance.name), .key(VRRPKey.vmac.name)])
      if instance.virtualMAC?.link != nil, instance.router.families == PerFamily(both: true) {
        check.findings.report(
          at: pointer,
          "is one link, and a virtual router of both families has two: write true, and they are "
            + "vrrp4-\(instance.router.id) and vrrp6-\(instance.router.id)")
        continue
      }
      for name in Family.allCases.compactMap(instance.virtualLink) {
        let problem: String? =
          if check.links[name] != nil || name == .loopback {
            "link \"\(name)\" is declared in \"links\", and this virtual router makes it: leave it out there"
          } else if let owner = owners.updateValue(instance.name, forKey: name) {
            "link \"\(name)\" is that of virtual router \(quoted(owner)) already: write "
              + "{ \"link\": NAME } with another name"
          } else {
            nil
          }
        if let problem { check.findings.report(at: pointer, problem) }
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

extension Contents {
  /// The virtual routers that need something of the kernel besides their addresses.
  var virtualRouters: [VirtualRouters.Member] {
    inputs[VRRPInstance.self].map(learned).compactMap { instance in
      guard instance.virtualMAC != nil || !instance.router.accept else { return nil }
      let section = self[Address.self]
      let withIPv6 = section.items.filter { $0.address.family == .inet6 }.map(\.link)
      return VirtualRouters.Member(
        instance, addresses: moving(with: instance), linksWithIPv6: Set(withIPv6))
    }
  }

  /// With the addresses of the section `addresses` that it decides about.
  func learned(_ instance: VRRPInstance) -> VRRPInstance {
    var copy = instance
    copy.learn(moving(with: instance))
    return copy
  }

  private func moving(with instance: VRRPInstance) -> [IPAddress] {
    let section = self[Address.self]
    return section.items.indices.compactMap { position in
      guard let when = section.when(position), instance.decides(when) else { return nil }
      return section.items[position].address.address
    }
  }
}

extension VRRPInstance {
  /// Whether peers couldn't tell the two apart.
  fileprivate func isConfusable(with other: VRRPInstance) -> Bool {
    link == other.link && router.id == other.router.id
      && Family.allCases.contains { router.families[$0] && other.router.families[$0] }
  }
}
