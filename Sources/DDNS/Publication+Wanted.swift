internal import Addressing
public import Model

/// What is to be published now.
public enum Wanted: Hashable, Sendable {
  /// `when` is down: another router publishes.
  case idle
  /// Nothing is decided until these signals are known.
  case unknown([Signal])
  /// By type, in the order of the members; a type without values has none.
  case values([RecordType: [RecordValue]])
}

extension Publication {
  /// `readings` are those of the signals that are in ``readSignals``.
  public func wanted(
    given signals: [Signal: Signal.State], reading readings: [Signal: SignalReading]
  ) -> Wanted {
    func unknown(_ among: Set<Signal>) -> [Signal] {
      among.filter { signals[$0] ?? .unknown == .unknown }.sorted()
    }
    switch when?.state(given: signals) ?? .up {
    case .up: break
    case .down: return .idle
    case .unknown: return .unknown(unknown(when?.signals ?? []))
    }
    let doubtful = members.filter { $0.state(given: signals) == .unknown }
    if !doubtful.isEmpty {
      return .unknown(unknown(doubtful.reduce(into: []) { $0.formUnion($1.signals) }))
    }
    let alive = members.filter { $0.state(given: signals) == .up }.map { member in
      Place(member.name, member.readSignals.compactMap { readings[$0] })
    }
    var values = addresses.map(RecordValue.address) + alive.flatMap(self.values)
    if values.isEmpty, case .fallback(let fallback) = empty {
      values = fallback.map(RecordValue.address)
    }
    var byType: [RecordType: [RecordValue]] = [:]
    for type in types {
      var seen: Set<RecordValue> = []
      byType[type] = values.filter { $0.type == type && seen.insert($0).inserted }
    }
    return .values(byType)
  }

  /// The live members of which nothing was read yet that could be published.
  public func silent(
    given signals: [Signal: Signal.State], reading readings: [Signal: SignalReading]
  ) -> [PublicMember] {
    members.filter { member in
      member.state(given: signals) == .up
        && lacks(Place(member.name, member.readSignals.compactMap { readings[$0] }))
    }
  }

  private func lacks(_ place: Place) -> Bool {
    let (needsAddress, needsPort) =
      switch records {
      case .addresses: (true, false)
      case .services(_, _, let port, _): (false, port == .forwarded)
      case .texts(let template): (template.names("address"), template.names("port"))
      case .bindings(let binding): (binding.hasHints, binding.port == .forwarded)
      }
    return needsAddress && place.addresses.isEmpty || needsPort && place.forwardedPorts == nil
  }

  /// A live member: where the internet reaches it.
  private struct Place {
    let name: String
    let addresses: [IPAddress]
    /// Nil: nobody knows yet.
    let forwardedPorts: [UInt16]?
    var ports: [UInt16] { forwardedPorts ?? [] }

    init(_ name: String, _ readings: [SignalReading]) {
      self.name = name
      addresses = readings.flatMap(\.publicAddresses).filter(\.canBePublished)
      forwardedPorts = readings.lazy.compactMap(\.forwardedPorts).first
    }
  }

  private func values(_ place: Place) -> [RecordValue] {
    switch records {
    case .addresses: return place.addresses.map(RecordValue.address)
    case .services(let priority, let weight, let port, let target):
      guard let name = RecordName(fill(target, place)) else { return [] }
      return ports(port, place).map {
        .service(RecordValue.Service(priority: priority, weight: weight, port: $0, target: name))
      }
    case .texts(let template):
      if template.names("address"), place.addresses.isEmpty { return [] }
      guard template.names("port") else { return [.text(fill(template, place))] }
      return place.ports.map { .text(fill(template, place, port: $0)) }
    case .bindings(let binding):
      if binding.hasHints, place.addresses.isEmpty { return [] }
      let target = binding.target.map { RecordName(fill($0, place)) }
      if let target, target == nil { return [] }
      let ports = binding.port.map { self.ports($0, place).map(Optional.some) } ?? [nil]
      return ports.map { port in
        var value = RecordValue.Binding(priority: binding.priority, target: target ?? nil)
        value.protocols = binding.protocols
        value.port = port
        if binding.hasHints { value.hints = place.addresses.sorted() }
        return .binding(value)
      }
    }
  }

  private func ports(_ port: Port, _ place: Place) -> [UInt16] {
    switch port {
    case .fixed(let port): [port]
    case .forwarded: place.ports
    }
  }

  private func fill(_ template: Template, _ place: Place, port: UInt16? = nil) -> String {
    template.filled([
      "gateway": place.name, "address": place.addresses.first?.description ?? "",
      "port": port.map { "\($0)" } ?? "",
    ])
  }
}
