public import Addressing

/// A VPN network as its owner describes it, before anything is worked out.
public struct NetworkDescription: Hashable, Sendable {
  /// The VPN network: an IPv4 prefix, and an IPv6 one beside it if there is one.
  public var network: [Prefix]
  /// Where the routers speak VRRP with each other.
  public var routerNetwork: Prefix
  /// What stays with the cluster's own network.
  public var intranet: [Prefix] = []
  /// The cluster's DNS address, which clients ask and the routers answer.
  public var clusterDNS: IPAddress?
  public var gateways = 1
  public var routers = 2
  /// The nodes that routers may run on, each of which has an address for its router.
  public var routerNodes: [String] = []
  /// The ports that the VPN provider forwards.
  public var ports: [UInt16] = []
  public var podsPerPort = 16
  public var dnsPods = 3
  /// The nodes' link that carries the VXLANs.
  public var underlay: LinkName
  public var mtu: MTU
  public var vxlan = VXLAN()
  public var addressing = Addressing.static
  /// The Kubernetes namespace.
  public var namespace = "networking"
  public var tunnel = Tunnel.gluetun
  /// The exits of gateways without gluetun, one for each.
  public var wireguard: [Exit] = []
  /// What the only gateway of the simple alternative forwards to fixed clients.
  public var forwards: [Forward] = []

  public struct MTU: Hashable, Sendable {
    /// Of the nodes' link.
    public var underlay: Int
    /// What the provider's tunnel carries.
    public var provider: Int
    /// Of the way to the provider.
    public var internet: Int
    /// Of the VPN network; nil: as much as fits.
    public var network: Int?

    /// `internet`: nil is Ethernet's 1500 bytes, or less if the underlay carries less.
    public init(underlay: Int, provider: Int, internet: Int? = nil, network: Int? = nil) {
      self.underlay = underlay
      self.provider = provider
      self.internet = internet ?? min(1500, underlay)
      self.network = network
    }
  }

  public struct VXLAN: Hashable, Sendable {
    public var id = 1000
    /// Of the routers' network.
    public var routerID = 2000
    public var group = IPAddress(v4: 0xe000_0058)

    public init() {}
  }

  /// Who gives routers and DNS pods their addresses.
  public enum Addressing: String, Hashable, Sendable, CaseIterable {
    /// Their state files.
    case `static`
    /// The CNI plugin of that name.
    case whereabouts
  }

  /// Who makes the gateways' tunnels.
  public enum Tunnel: String, Hashable, Sendable, CaseIterable {
    case gluetun
    /// vpngw itself.
    case wireguard
  }

  public struct Exit: Hashable, Sendable {
    public var publicKey: String
    public var endpoint: String
    public var address: IPAddress

    public init(publicKey: String, endpoint: String, address: IPAddress) {
      self.publicKey = publicKey
      self.endpoint = endpoint
      self.address = address
    }
  }

  public struct Forward: Hashable, Sendable {
    public var port: UInt16
    public var toPort: UInt16

    public init(port: UInt16, toPort: UInt16) {
      self.port = port
      self.toPort = toPort
    }
  }

  public init(network: [Prefix], routerNetwork: Prefix, underlay: LinkName, mtu: MTU) {
    self.network = network
    self.routerNetwork = routerNetwork
    self.underlay = underlay
    self.mtu = mtu
  }

  public var ipv4: Prefix { network.first { $0.family == .inet }! }
  public var ipv6: Prefix? { network.first { $0.family == .inet6 } }
}
