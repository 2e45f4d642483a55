/// The kinds of kernel object, in the order in which plans list them.
public enum Kind: String, CaseIterable, Hashable, Sendable, Comparable {
  case sysctl, link, address, neighbor, fdb, nexthop, route, rule, nftables, ipvs
  case ipvsTimeout = "ipvs-timeout"
  case ipvsDaemon = "ipvs-sync"

  public static func < (a: Kind, b: Kind) -> Bool { a.position < b.position }

  private var position: Int {
    switch self {
    case .sysctl: 0
    case .link: 1
    case .address: 2
    case .neighbor: 3
    case .fdb: 4
    case .nexthop: 5
    case .route: 6
    case .rule: 7
    case .nftables: 8
    case .ipvs: 9
    case .ipvsTimeout: 10
    case .ipvsDaemon: 11
    }
  }
}
