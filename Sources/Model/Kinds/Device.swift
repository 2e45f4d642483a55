/// A link's type, with the type's own parameters.
public enum Device: Hashable, Sendable {
  case bridge(Bridge)
  case bond(Bond)
  case vxlan(VXLAN)
  case veth(Veth)
  case macvlan(Macvlan)
  case vlan(VLAN)
  case vrf(VRF)
  case tunnel(Tunnel)
  case dummy, ifb, wireguard

  /// The names of all types, as in `ip link add type`.
  public static let types = [
    "bond", "bridge", "dummy", "gre", "ifb", "ip6gre", "ip6tnl", "ipip", "macvlan", "sit", "veth",
    "vlan", "vrf", "vxlan", "wireguard",
  ]

  public var type: String {
    switch self {
    case .bridge: "bridge"
    case .bond: "bond"
    case .vxlan: "vxlan"
    case .veth: "veth"
    case .macvlan: "macvlan"
    case .vlan: "vlan"
    case .vrf: "vrf"
    case .tunnel(let tunnel): tunnel.kind.rawValue
    case .dummy: "dummy"
    case .ifb: "ifb"
    case .wireguard: "wireguard"
    }
  }
}

extension Link {
  public var bridge: Bridge? { if case .bridge(let value) = device { value } else { nil } }
  public var bond: Bond? { if case .bond(let value) = device { value } else { nil } }
  public var tunnel: Tunnel? { if case .tunnel(let value) = device { value } else { nil } }
  public var vxlan: VXLAN? { if case .vxlan(let value) = device { value } else { nil } }
  public var veth: Veth? { if case .veth(let value) = device { value } else { nil } }
  public var macvlan: Macvlan? { if case .macvlan(let value) = device { value } else { nil } }
  public var vlan: VLAN? { if case .vlan(let value) = device { value } else { nil } }
  public var vrf: VRF? { if case .vrf(let value) = device { value } else { nil } }

  /// What only one link of a namespace can have; deleting the link frees it for another one.
  public var claims: [String] {
    var claims = altnames ?? []
    switch device {
    case .vxlan(let vxlan): claims.append("vxlan \(vxlan.id) \(vxlan.dstport)")
    case .vlan(let vlan): claims.append("vlan \(vlan.id) \(vlan.link?.text ?? "")")
    case .vrf(let vrf): claims.append("vrf \(vrf.table)")
    case .tunnel(let tunnel): claims.append(tunnel.claim)
    case .macvlan(let macvlan) where macvlan.mode == .passthru:
      claims.append("passthru \(macvlan.link?.text ?? "")")
    case .veth(let veth): claims += [name.text] + (veth.peer.map { [$0.text] } ?? [])
    default: break
    }
    return claims
  }
}

public struct Veth: Hashable, Sendable {
  /// Nil when the other end is in another namespace.
  public var peer: LinkName?

  public init(peer: LinkName?) { self.peer = peer }
}

public struct Macvlan: Hashable, Sendable {
  public enum Mode: String, CaseIterable, Hashable, Sendable {
    case bridge, `private`, vepa, passthru, source
  }

  /// The lower link; nil when it is in another namespace.
  public var link: LinkName?
  public var mode: Mode

  public init(link: LinkName?, mode: Mode = .vepa) {
    self.link = link
    self.mode = mode
  }
}

public struct VLAN: Hashable, Sendable {
  public enum TagProtocol: String, CaseIterable, Hashable, Sendable {
    case dot1Q = "802.1Q"
    case dot1ad = "802.1ad"
  }

  /// The lower link; nil when it is in another namespace.
  public var link: LinkName?
  /// 1 to 4094.
  public var id: UInt16
  public var `protocol`: TagProtocol

  public init(link: LinkName?, id: UInt16, protocol: TagProtocol = .dot1Q) {
    self.link = link
    self.id = id
    self.protocol = `protocol`
  }
}

public struct VRF: Hashable, Sendable {
  public var table: RouteTable

  public init(table: RouteTable) { self.table = table }
}
