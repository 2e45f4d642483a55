public import Model

extension Gateways {
  public struct Member: Hashable, Sendable {
    public var name: String
    /// Its addresses in the VPN network: one, or one of each family. Empty while its host's are unknown.
    public var addresses: [IPAddress]
    /// Whose addresses they are, and follow.
    public var host: String?
    /// The router's addresses to which this gateway forwards what arrives from the internet.
    public var vips: [IPAddress] = []
    /// Its share of new flows relative to the others; 0 drains: it keeps the flows it has.
    public var weight: UInt16 = 1
    /// Its tunnel's MTU; nil: the group's.
    public var mtu: UInt32?
    /// Questions to the gateway itself.
    public var probes: [Probe]
    /// Questions to others through its tunnel: they carry its mark.
    public var tunnelProbes: [Probe] = []
    /// What must hold besides.
    public var when: Condition?

    public init(_ name: String, _ addresses: [IPAddress]) {
      self.name = name
      self.addresses = addresses
      probes =
        addresses.first.map {
          [Probe(name: name, question: .gluetun(Probe.Gluetun(address: $0)))]
        } ?? []
    }
  }
}

extension Gateways.Member {
  /// Up while it is alive.
  public var signal: Signal { Signal(.gateway, name) }

  /// What is up while it is alive: all its probes, and its `when`.
  public var condition: Condition {
    let terms = allProbes.map { Condition.signal($0.signal) } + [when].compactMap(\.self)
    return terms.count == 1 ? terms[0] : .all(terms)
  }

  /// What tells the probe from the gateway's others: `tunnel` of `gw0.tunnel`.
  public func ownName(of probe: Probe) -> String? {
    probe.name == name ? nil : String(probe.name.dropFirst(name.count + 1))
  }

  public var allProbes: [Probe] { probes + tunnelProbes }

  /// The signal of its only test, under its own name: `probe.gw0`. Nothing else need be shown of it.
  var onlySignal: Signal? {
    when == nil && allProbes.map(\.name) == [name] ? allProbes[0].signal : nil
  }

  /// Its state; whoever states ``signal`` overrides its tests.
  func state(given signals: [Signal: Signal.State]) -> Signal.State {
    signals[signal] ?? condition.state(given: signals)
  }

  func address(_ family: Family) -> IPAddress? { addresses.first { $0.family == family } }

  /// A host whose addresses nobody knows yet.
  var isUnresolved: Bool { host != nil && addresses.isEmpty }

  /// With the addresses that its host has now, at most one of each of these families.
  mutating func resolve(_ families: [Family], by surroundings: some Surroundings) {
    guard let host else { return }
    let known = surroundings.addresses(of: host).filter {
      !$0.isUnspecified && !$0.isMulticast && !$0.isLoopback
    }
    addresses = families.compactMap { family in known.first { $0.family == family } }
    for index in probes.indices {
      let family = probes[index].source?.family
      guard let address = addresses.first(where: { family == nil || $0.family == family })
      else { continue }
      probes[index].question = probes[index].question.asked(of: address)
    }
  }

  /// Those that have somebody to ask: before its host's addresses are known, no gateway answers.
  var askableProbes: [Probe] {
    probes.filter { probe in
      addresses.contains { probe.source == nil || $0.family == probe.source?.family }
    } + tunnelProbes
  }
}
