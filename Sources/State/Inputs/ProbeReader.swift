internal import JSON
internal import Model

extension ObjectReader<ProbeKey> {
  /// A probe of the section `probes`.
  mutating func probe(named name: String) -> Probe? {
    let type = type()
    let needsAddress = type.map { own($0).contains(.address) } ?? false
    let address = needsAddress ? required(.address, .address) : nil
    guard let probe = probe(type) else { return nil }
    if let address { check(address, source: probe.source) }
    if !needsAddress { return ProbeTemplate(probe).probe(named: name, at: .nobody) }
    return address.map { ProbeTemplate(probe).probe(named: name, at: $0) }
  }

  /// A probe of a blueprint, which fills in the address for each of its members, and with
  /// `lacksPort` also a port that isn't stated.
  mutating func probeTemplate(lacksPort: Bool = false) -> ProbeTemplate? {
    let type = type()
    refuse([.address]) { "\($0) is each member's own: leave it out" }
    if let type, !own(type).contains(.address) {
      report(.type, "must be a type that asks an address, not \(quoted(type))")
      return nil
    }
    if lacksPort { refuse([.publicAddress]) { "\($0) is for gateways: a server has none" } }
    let takesPort = lacksPort && !has(.port) && type.map { own($0).contains(.port) } ?? false
    return probe(type, lacksPort: lacksPort).map { ProbeTemplate($0, lacksPort: takesPort) }
  }

  /// A probe of a blueprint's that asks this address, by a way of each member's own.
  mutating func tunnelTemplate() -> (ProbeTemplate, IPAddress)? {
    let type = type()
    let address = required(.address, .address)
    if let type, type == "gluetun" || !own(type).contains(.address) {
      report(.type, "must be a type that asks a host beyond the tunnel, not \(quoted(type))")
      return nil
    }
    guard let probe = probe(type), let address else { return nil }
    check(address, source: probe.source)
    return (ProbeTemplate(probe), address)
  }

  private func own(_ type: String) -> KeySet<ProbeKey> {
    ProbeKey.own.first { $0.type == type }?.keys ?? []
  }

  private mutating func type() -> String? {
    let types = Spelling.list(ProbeKey.own.map { quoted($0.type) }, "or")
    let type = required(.type, probeTypeForm, ": \(types)")
    guard let type else { return nil }
    for key in ProbeKey.allCases where value(key) != nil && !ProbeKey.common.contains(key) {
      guard !own(type).contains(key) else { continue }
      let types = ProbeKey.own.filter { $0.keys.contains(key) }.map(\.type)
      refuse(
        key, "\"\(key.name)\" is a key of \(Spelling.list(types, "and")) probes, not of \(type)")
    }
    return type
  }

  private mutating func probe(_ type: String?, lacksPort: Bool = false) -> Probe? {
    var question: Probe.Question?
    if let type { question = self.question(type, lacksPort: lacksPort) }
    // Without a question there is no probe, but there may be more mistakes to report.
    var probe = Probe(name: "", question: question ?? .icmp(.nobody))
    let range = Duration.milliseconds(10) ... .seconds(86_400)
    let interval = optional(.interval, .duration(range, step: .milliseconds(1))) ?? nil
    let timeout = optional(.timeout, .duration(range, step: .milliseconds(1))) ?? nil
    probe.interval = interval ?? probe.interval
    probe.timeout = timeout ?? min(probe.timeout, probe.interval)
    probe.rise = optional(.rise, .uint8(1, to: 100)).map(Int.init) ?? probe.rise
    probe.fall = optional(.fall, .uint8(1, to: 100)).map(Int.init) ?? probe.fall
    probe.jitter =
      optional(.jitter, .duration(.zero...range.upperBound, step: .milliseconds(1))) ?? nil
    checkTimes(probe, hasTimeout: timeout != nil)
    probe.source = optional(.source, .address)
    probe.link = optional(.link, .link)
    probe.mark = optional(.mark, .mark)
    if let source = probe.source, source.isUnspecified || source.isMulticast {
      report(.source, "\"\(source)\" is \(source.nature), which no machine has")
    }
    if let mark = probe.mark, mark.mask != .max {
      report(.mark, "a packet has a whole mark, without a mask: write \"\(Mark(mark.bits))\"")
    }
    probe.addressSources = addressSources(defaultFamily: probe.source?.family ?? .inet)
    return question == nil ? nil : probe
  }

  private mutating func checkTimes(_ probe: Probe, hasTimeout: Bool) {
    guard !faults.contains(.interval) else { return }
    if hasTimeout, probe.timeout > probe.interval {
      report(
        .timeout,
        "\"\(probe.timeout.text)\" is longer than the interval, \"\(probe.interval.text)\"")
    }
    if let jitter = probe.jitter, jitter > probe.interval {
      report(
        .jitter, "\"\(jitter.text)\" is longer than the interval, \"\(probe.interval.text)\"")
    }
  }

  private mutating func check(_ address: IPAddress, source: IPAddress?) {
    if address.isUnspecified || address.isMulticast {
      report(.address, "\"\(address)\" is \(address.nature), which nobody answers")
    } else if address.isLinkLocal, address.family == .inet6, !has(.link) {
      reportMissing(.link, ": \"\(address)\" is an address of some link")
    }
    if let source, source.family != address.family {
      report(.source, "\"\(source)\" is of another family than \"\(address)\"")
    }
  }
}

extension IPAddress {
  /// Stands for the address of a question that still lacks it.
  static let nobody = IPAddress("0.0.0.0")!
}

private let probeTypeForm = WordForm(ProbeKey.own.map { ($0.type, $0.type) })
