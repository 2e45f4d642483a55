public import Addressing

/// The VPN network's division among those who live in it, by eighths:
///
///     0 1  clients                 4  routers
///     2    clients of one exit     5  VIPs of the gateways, and at its end the clients' next hops
///     3    gateways                6  clients with a forwarded port     7  DNS pods
///
/// The IPv6 network beside it is divided alike: a place is as far from its beginning.
public struct Division: Hashable, Sendable {
  /// Consecutive places, counted from the network's beginning.
  public struct Block: Hashable, Sendable {
    public var first: Int
    public var count: Int

    public init(_ first: Int, _ count: Int) {
      self.first = first
      self.count = count
    }

    public var last: Int { first + count - 1 }
  }

  public let network: Prefix
  public let ipv6: Prefix?
  public let clients: Block
  /// Clients that need one exit at a time.
  public let singleExitClients: Block
  public let gateways: Block
  /// As many as fit: a router that is replaced may get another.
  public let routers: Block
  public let vips: Block
  public let singleExitNextHop: Block
  public let nextHop: Block
  /// For each forwarded port.
  public let ports: [Block]
  public let dns: Block

  public init(_ description: NetworkDescription) {
    network = description.ipv4
    ipv6 = description.ipv6
    let size = Self.size(network)
    let eighth = size / 8
    // The network's own address is nobody's. The last of the first quarter is: allocators that are told
    // of that quarter take it for a broadcast address.
    clients = Block(1, max(0, 2 * eighth - 2))
    singleExitClients = Block(2 * eighth, eighth)
    gateways = Block(3 * eighth, description.gateways)
    routers = Block(4 * eighth, eighth)
    vips = Block(5 * eighth, description.gateways)
    singleExitNextHop = Block(6 * eighth - 3, 1)
    nextHop = Block(6 * eighth - 2, 1)
    let step = Self.step(description.podsPerPort)
    ports = description.ports.indices.map {
      Block(6 * eighth + $0 * step, description.podsPerPort)
    }
    dns = Block(7 * eighth, description.dnsPods)
  }

  /// The distance from one port's clients to the next port's: each port's begin at a prefix.
  static func step(_ pods: Int) -> Int {
    var step = 1
    while step < pods { step *= 2 }
    return step
  }

  static func size(_ network: Prefix) -> Int { 1 << Int(network.family.width - network.length) }

  /// The address at a place; nil without IPv6.
  public func address(_ place: Int, _ family: Family = .inet) -> IPAddress? {
    (family == .inet ? network : ipv6)?.address.offset(by: place)
  }

  /// `192.168.25.128/29`, or `192.168.27.128-192.168.27.130`, or a single address.
  public func text(_ block: Block, _ family: Family = .inet) -> String? {
    guard let first = address(block.first, family), let last = address(block.last, family) else {
      return nil
    }
    if block.count == 1 { return "\(first)" }
    let bits = block.count.trailingZeroBitCount
    if 1 << bits == block.count, block.first.isMultiple(of: block.count),
      let prefix = Prefix(first, length: family.width - UInt8(bits))
    {
      return "\(prefix)"
    }
    return "\(first)-\(last)"
  }
}

extension Division {
  /// A line of the table.
  public struct Row: Hashable, Sendable {
    public var name: String
    public var block: Block
    public var purpose: String
  }

  public var rows: [Row] {
    let ports = ports.enumerated().map { number, block in
      Row(
        name: "port \(number + 1)", block: block,
        purpose: "clients with forwarded port \(number + 1)")
    }
    return [
      Row(name: "clients", block: clients, purpose: "clients without a forwarded port"),
      Row(
        name: "single-exit clients", block: singleExitClients,
        purpose: "clients that need one exit at a time"),
      Row(name: "gateways", block: gateways, purpose: "one for each gateway"),
      Row(name: "routers", block: routers, purpose: "one for each router"),
      Row(name: "gateway VIPs", block: vips, purpose: "where each gateway forwards to"),
      Row(
        name: "single-exit next hop", block: singleExitNextHop,
        purpose: "VIP: next hop of single-exit clients"),
      Row(name: "next hop", block: nextHop, purpose: "VIP: next hop of all other clients"),
    ] + ports + [Row(name: "DNS", block: dns, purpose: "one for each DNS pod")]
  }
}
