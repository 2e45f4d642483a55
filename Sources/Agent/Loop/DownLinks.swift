import Model
import Plan

/// Links that are down while nexthops and routes lead over them: they explain what the kernel
/// refuses, or what silently goes nowhere.
struct DownLinks {
  private var links: [(name: LinkName, isUp: Bool, count: Int)] = []

  init() {}

  init(in observed: NetworkState, under wanted: NetworkState) {
    let idle = observed.links.filter { $0.isRunning == false }
    if idle.isEmpty { return }
    var counts: [LinkName: Int] = [:]
    for nexthop in wanted.nexthops {
      if case .hop(_, let dev?, _) = nexthop.target { counts[dev, default: 0] += 1 }
    }
    for route in wanted.routes where route.type == .unicast {
      for hop in route.hop.map({ [$0] }) ?? route.hops {
        if let dev = hop.dev { counts[dev, default: 0] += 1 }
      }
    }
    links = idle.compactMap { link in
      counts[link.name].map { (link.name, link.isUp ?? true, $0) }
    }
  }

  /// For the status, and once for the log.
  var troubles: [Trouble] {
    links.map { name, isUp, count in
      Trouble(
        object: "link \(name.text)",
        reason: (isUp ? "has no carrier" : "is down") + ", and \(count) "
          + (count == 1 ? "way leads" : "ways lead") + " over it: nothing leaves by it")
    }
  }

  /// Why a step must have failed, as far as the links can tell.
  func cause(of step: Step) -> String? {
    let needed = step.change.object.resource.requirements
    return links.first { needed.contains(.link($0.name)) }.map { name, isUp, _ in
      "link \(name.text) " + (isUp ? "has no carrier" : "is down")
    }
  }
}
