public import Model
public import VRRP

/// What virtual routers need of the kernel: links with their virtual MACs, and a filter where a master
/// doesn't accept packets to its virtual addresses. The addresses are the file's own.
public struct VirtualRouters: Hashable, Sendable {
  /// A virtual router, and what the rest of the file says about it.
  public struct Member: Hashable, Sendable {
    public var instance: VRRPInstance
    /// The addresses that move with it.
    public var addresses: [IPAddress]
    /// Those of its links that have IPv6 addresses.
    public var linksWithIPv6: Set<LinkName>

    public init(
      _ instance: VRRPInstance, addresses: [IPAddress] = [], linksWithIPv6: Set<LinkName> = []
    ) {
      self.instance = instance
      self.addresses = addresses
      self.linksWithIPv6 = linksWithIPv6
    }
  }

  public var members: [Member]

  public init(_ members: [Member]) { self.members = members }
}

extension VirtualRouters: Blueprint {
  public static let section = "vrrp"

  // The probes and signals are the section's own; it adds none.
  public var probes: [Probe] { [] }

  public var parts: [BlueprintPart] {
    members.filter { !$0.links.isEmpty }.map {
      BlueprintPart("virtual router \($0.instance.name)", signals: [$0.instance.signal])
    }
  }

  public var claims: BlueprintClaims {
    var claims = BlueprintClaims()
    claims.sysctls = sysctls
    claims.tables = hasTable ? [Self.tableID] : []
    claims.made = members.flatMap { $0.links.map(\.name) }
    return claims
  }

  public func expanded(in context: BlueprintContext) -> NetworkState {
    var state = NetworkState()
    state.links = members.flatMap { member in
      member.links.map { link in
        var link = link
        link.isUp = context.signals[member.instance.signal].flatMap {
          $0 == .unknown ? nil : $0 == .up
        }
        return link
      }
    }
    state.sysctls = sysctls
    if hasTable { state.tables = [NftablesTable(table)] }
    return state
  }
}

extension VRRPInstance {
  /// 00:00:5e:00:01:ID, or 02 for IPv6 (RFC 9568, section 7.3).
  public func virtualMAC(_ family: Family) -> MACAddress {
    MACAddress(bytes: [0, 0, 0x5e, 0, family == .inet ? 1 : 2, router.id])!
  }

  /// The link that has it; nil: none is wanted.
  public func virtualLink(_ family: Family) -> LinkName? {
    guard let virtualMAC, router.families[family] else { return nil }
    return virtualMAC.link ?? LinkName("vrrp\(family == .inet ? 4 : 6)-\(router.id)")!
  }
}
