public import Model

/// A gateway pod's own side of the VPN network: its packets leave by the tunnel or nowhere, and
/// what the provider forwards comes in (`gateway` in `schemas/state.json`).
public struct Gateway: Hashable, Sendable {
  /// The VPN network's link.
  public var link: LinkName
  /// The tunnel's link, which gluetun makes, or the file.
  public var tunnel: LinkName
  public var egress: Egress
  /// What must be up while the tunnel carries packets: a probe through it.
  public var health: Condition
  /// The router's addresses of this gateway: one, or one of each family.
  public var vips: [IPAddress] = []
  /// The first that fits a packet applies.
  public var forwards: [Forward] = []
  /// The tunnel's MTU in bytes, to which TCP's MSS is clamped; nil: as the link has it.
  public var mtu: UInt32?
  /// Forwards nothing but the VPN network's packets, and takes nothing new from the tunnel itself.
  public var isStrict = false
  public var numbers = Numbers()
  /// The signals of the tunnel's peers, if it is a WireGuard link of this file.
  public var handshakes: Set<Signal> = []

  public init(link: LinkName, tunnel: LinkName, egress: Egress, health: Condition) {
    self.link = link
    self.tunnel = tunnel
    self.egress = egress
    self.health = health
  }

  /// Which packets leave by the tunnel.
  public struct Egress: Hashable, Sendable {
    /// The VPN network: packets from elsewhere don't leave.
    public var from: [Prefix]
    /// Whether ``ReservedRanges`` never leave.
    public var exceptsReserved = true
    /// Further destinations that never leave.
    public var except: [Prefix] = []
    /// Where the pod's own programs may go all the same: servers that the provider has within the
    /// tunnel.
    public var allow: [Prefix] = []

    public init(from: [Prefix]) { self.from = from }
  }

  /// What arrives by the tunnel at these ports is forwarded.
  public struct Forward: Hashable, Sendable {
    public enum Ports: Hashable, Sendable {
      case fixed([UInt16])
      /// Those that a probe reads.
      case read(Signal)
    }

    public var ports: Ports
    public var protocols: [IPVSProtocol] = [.tcp, .udp]
    /// Where to: one address, or one of each family.
    public var to: [IPAddress]
    /// The first port leads to the first of these, and so on; empty: ports stay as they are.
    public var toPorts: [UInt16] = []

    public init(_ ports: Ports, to: [IPAddress]) {
      self.ports = ports
      self.to = to
    }
  }

  /// The routing table of the VPN network's packets, and the first of the rules that lead to it.
  ///
  /// The rules must come before gluetun's (98 to 101): 98 leads packets for local networks to the
  /// pod's main table.
  public struct Numbers: Hashable, Sendable {
    public var table: UInt32 = 11_900
    public var priority: UInt32 = 90

    public init() {}

    static let link: UInt32 = 0
    static let linkGuard: UInt32 = 1
    static let tunnel: UInt32 = 2
    static let tunnelGuard: UInt32 = 3
    static let own: UInt32 = 4
    /// The last rule's offset.
    public static let lastRule = own
  }
}

extension Gateway {
  /// The families of the VPN network.
  var families: [Family] { Family.allCases.filter { !egress.from.merged($0).isEmpty } }

  /// Whose packets may leave: the VPN network, and the router for its clients.
  func sources(_ family: Family) -> [Prefix] {
    (egress.from + vips.map { Prefix($0) }).merged(family)
  }

  /// What never leaves, whoever sends it.
  var excepted: [Prefix] { (egress.exceptsReserved ? ReservedRanges.all : []) + egress.except }

  public var priorities: ClosedRange<UInt32> {
    numbers.priority...(numbers.priority + Numbers.lastRule)
  }
}
