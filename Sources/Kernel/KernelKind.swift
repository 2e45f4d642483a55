import Model
import Netlink

/// How a kind is observed and changed.
protocol KernelKind: Sendable {
  associatedtype Object: Resource

  static var transport: Transport { get }
  /// Adds the kernel's objects of the kind.
  static func observe(_ observation: Kernel.Observation, into observed: inout NetworkState)
    throws(NetlinkError)
  /// The change as a command of ip(8) or the like; `word` is ip's for the verb.
  static func command(_ object: Object, _ word: String, _ change: Change) -> String
  /// Adds the change's requests, or carries out at once what can't wait for a batch.
  static func encode(
    _ change: Change, _ object: Object, from present: Object?, _ encoder: Encoder
  ) throws(NetlinkError)
}

/// What carries a kind's changes to the kernel.
enum Transport: Sendable {
  /// A batch for each, sent when all changes are encoded.
  case route, generic
  /// Carried out at once.
  case direct
}

/// The registry: every kind, in the order in which they are observed. IPVS comes before sysctls,
/// since loading it creates some of them.
enum KernelKinds {
  static let all: [any KernelKind.Type] = [
    IPVSServiceKind.self,
    IPVSTimeoutKind.self,
    IPVSDaemonKind.self,
    LinkKind.self,
    WireGuardKind.self,
    SysctlKind.self,
    AddressKind.self,
    NeighborKind.self,
    FDBKind.self,
    NexthopKind.self,
    RouteKind.self,
    RuleKind.self,
    NftablesTableKind.self,
  ]

  /// Indexed by the kinds' positions.
  private static let byPosition: [any KernelKind.Type] = Kind.all.map { kind in
    all.first { $0.kind == kind }!
  }

  static func of(_ kind: Kind) -> any KernelKind.Type { byPosition[kind.position] }
}

extension KernelKind {
  static var transport: Transport { .route }
  static var kind: Kind { Object.kind }

  static func command(_ word: String, _ change: Change) -> String {
    command(change.object.as(Object.self)!, word, change)
  }

  static func encode(_ change: Change, _ encoder: Encoder) throws(NetlinkError) {
    try encode(
      change, change.object.as(Object.self)!, from: change.observed?.as(Object.self), encoder)
  }
}
