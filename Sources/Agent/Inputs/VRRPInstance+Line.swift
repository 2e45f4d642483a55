import Blueprints
import Model
import Speaker
import VRRP

extension VRRPInstance {
  /// Whether another configuration of it needs no new election.
  func isSameElection(as other: VRRPInstance) -> Bool {
    link == other.link && router.id == other.router.id && router.version == other.router.version
      && router.families == other.router.families
  }

  /// Its link as it is now.
  func line(
    in interfaces: Interfaces, without virtual: Set<IPAddress>, ready: Set<Announcer.Place>
  ) -> Line {
    guard let interface = interfaces[link.text] else { return .absent }
    let own = interface.addresses.filter { address in
      !virtual.contains(address)
        && (address.family == .inet || ready.contains(Announcer.Place(address, on: link)))
    }
    func primary(_ family: Family) -> IPAddress? {
      guard router.families[family] else { return nil }
      let known = own.filter { $0.family == family }
      if let source = sources[family] { return known.contains(source) ? source : nil }
      guard family == .inet6 else { return known.first }
      // Peers on other links aren't reached from a link-local address.
      let isLocal = router.peers.allSatisfy { $0.family == .inet || $0.isLinkLocal }
      return known.first { $0.isLinkLocal == isLocal }
    }
    var line = Line(
      link: interface.number, isUp: interface.isUp,
      primaries: PerFamily(inet: primary(.inet), inet6: primary(.inet6)))
    for family in Family.allCases {
      line.virtual[family] = virtualLink(family).flatMap { interfaces[$0.text] }.map {
        Line.Virtual(link: $0.number, isUp: $0.isUp)
      }
    }
    return line
  }
}
