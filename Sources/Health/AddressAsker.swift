import Events
import Model

/// Learns the public addresses of whoever a probe asks, apart from the probe's own attempts, which
/// neither wait for it nor depend on its outcome.
///
/// Lives on its poller's thread.
final class AddressAsker {
  /// What sources have said, and why others have said nothing.
  struct Learnt {
    var addresses: [IPAddress] = []
    var notes: [String] = []

    /// With what the gateway itself says, unless a source says one of that family.
    func addresses(besides stated: IPAddress?) -> [IPAddress] {
      let families = addresses.map(\.family)
      let own = stated.flatMap { families.contains($0.family) ? nil : $0 }
      return (addresses + (own.map { [$0] } ?? [])).sorted()
    }
  }

  private let poller: Poller
  private let resources: SharedResources
  private let probe: Probe
  private let tell: (Learnt) -> Void
  private var lines: [Line]
  private var isStopped = false

  /// How one source stands.
  private struct Line {
    let source: AddressSource
    var address: IPAddress?
    var note: String?
    var failures = 0
    var timer: Poller.Timer?
    var attempt: ProbeAttempt?
    /// Whether it is to be asked again as soon as the present attempt ends.
    var isUrgent = false
  }

  /// After a failure a source is asked again sooner than after a success.
  private static let firstPause = Duration.seconds(5)

  init(
    _ probe: Probe, _ poller: Poller, _ resources: SharedResources,
    tell: @escaping (Learnt) -> Void
  ) {
    (self.probe, self.poller, self.resources, self.tell) = (probe, poller, resources, tell)
    lines = probe.addressSources.map { Line(source: $0) }
    for index in lines.indices {
      if case .fixed(let address) = lines[index].source.question { lines[index].address = address }
      schedule(index, in: .zero)
    }
    report()
  }

  func stop() {
    isStopped = true
    for index in lines.indices {
      lines[index].timer?.cancel()
      lines[index].attempt?.cancel()
      lines[index].attempt = nil
    }
  }

  /// What was learnt before says nothing any more.
  func forget() {
    for index in lines.indices where lines[index].source.isAsked {
      lines[index].address = nil
      lines[index].note = nil
    }
    report()
  }

  /// Asks at once for what isn't known.
  func hurry() {
    for index in lines.indices where lines[index].address == nil {
      if lines[index].attempt == nil {
        schedule(index, in: .zero)
      } else {
        lines[index].isUrgent = true
      }
    }
  }

  private func report() {
    tell(Learnt(addresses: lines.compactMap(\.address), notes: lines.compactMap(\.note)))
  }

  private func schedule(_ index: Int, in pause: Duration) {
    guard lines[index].source.isAsked else { return }
    lines[index].timer?.cancel()
    lines[index].timer = poller.at(.now + pause) { [unowned self] in ask(index) }
  }

  private func ask(_ index: Int) {
    let source = lines[index].source
    lines[index].isUrgent = false
    let origin = ProbeOrigin(source, of: probe)
    let attempt = ProbeAttempt(poller, origin: origin, timeout: source.timeout) { [weak self] in
      self?.take($0, index)
    }
    lines[index].attempt = attempt
    attempt.askAddress(source, resources)
  }

  private func take(_ outcome: Outcome, _ index: Int) {
    guard !isStopped else { return }
    let source = lines[index].source
    lines[index].attempt = nil
    switch outcome {
    case .good(let finding):
      lines[index].address = finding.publicAddress
      lines[index].note = nil
      lines[index].failures = 0
    case .bad(let reason), .unasked(let reason):
      let kept = lines[index].address.map { ", so \($0) is kept" } ?? ""
      lines[index].note = "no public address: \(reason)\(kept)"
      lines[index].failures += 1
    }
    let pause =
      lines[index].failures == 0
      ? source.interval
      : min(source.interval, Self.firstPause * (1 << min(lines[index].failures - 1, 10)))
    schedule(index, in: lines[index].isUrgent ? .zero : pause)
    report()
  }
}

extension AddressAsker {
  /// Asks each source once.
  static func once(
    _ probe: Probe, _ poller: Poller, _ resources: SharedResources,
    then: @escaping (Learnt) -> Void
  ) {
    var learnt = Learnt()
    var open = probe.addressSources.count
    if open == 0 { return then(learnt) }
    for source in probe.addressSources {
      let attempt = ProbeAttempt(
        poller, origin: ProbeOrigin(source, of: probe), timeout: source.timeout
      ) { outcome in
        switch outcome {
        case .good(let finding):
          if let address = finding.publicAddress { learnt.addresses.append(address) }
        case .bad(let reason), .unasked(let reason):
          learnt.notes.append("no public address: \(reason)")
        }
        open -= 1
        if open == 0 { then(learnt) }
      }
      attempt.askAddress(source, resources)
    }
  }
}

extension Probe {
  /// Whether gluetun needn't be asked for its public address.
  var statesIPv4Address: Bool { addressSources.contains { $0.family == .inet } }
}

extension ProbeAttempt {
  /// Asks for a public address, with which ``end(_:)`` is called.
  func askAddress(_ source: AddressSource, _ resources: SharedResources) {
    switch source.question {
    case .fixed(let address): end(source.family.outcome(address))
    case .http(let http):
      ask(http.url.server, source.family, resources) { endpoint throws(ProbeFailure) in
        try self.ask(http, at: endpoint, source.family, resources)
      }
    case .dns(let dns):
      ask(dns.server, source.family, resources) { endpoint throws(ProbeFailure) in
        try self.ask(dns, at: endpoint, source.family)
      }
    case .stun(let server):
      ask(server, source.family, resources) { endpoint throws(ProbeFailure) in
        try self.askSTUN(at: endpoint, source.family)
      }
    }
  }

  /// Looks the server up first.
  private func ask(
    _ server: HostPort, _ family: Family, _ resources: SharedResources,
    _ then: @escaping (Endpoint) throws(ProbeFailure) -> Void
  ) {
    let wait = wait(for: "address of \(server.host)")
    resources.names.addresses(of: server.host, family, on: poller) { addresses in
      if self.isOver { return }
      self.came(wait)
      do throws(ProbeFailure) {
        guard let address = addresses.first else {
          throw ProbeFailure(
            "\(server.host) has no \(family.name) address, or no name server answers")
        }
        try then(Endpoint(address, server.port))
      } catch {
        self.fail(error)
      }
    }
  }

  private func ask(
    _ http: AddressSource.HTTP, at endpoint: Endpoint, _ family: Family,
    _ resources: SharedResources
  ) throws(ProbeFailure) {
    var request = HTTPRequest(endpoint: endpoint, path: http.url.path)
    request.host = http.url.authority
    request.headers = [
      Probe.HTTP.Header("Accept", http.pointer == nil ? "text/plain" : "application/json"),
      // Some pages answer a browser in HTML.
      Probe.HTTP.Header("User-Agent", "vpngw"),
    ]
    request.reads = .all
    if http.url.isSecure {
      let tls = Probe.TLS(authorities: http.authorities)
      request.tls = SecureConnection.TLS(
        context: try resources.contexts.context(tls), name: http.url.server.host.name,
        loop: resources.loop)
    }
    request.send(in: self) { result in
      do throws(ProbeFailure) {
        let body = try result.get()
        self.end(family.outcome(try http.text(in: body)))
      } catch {
        self.fail(error)
      }
    }
  }

  private func ask(
    _ dns: AddressSource.DNS, at endpoint: Endpoint, _ family: Family
  ) throws(ProbeFailure) {
    var probe = Probe.DNS(address: endpoint.address, name: dns.name)
    (probe.port, probe.type) = (endpoint.port, dns.type)
    var query = DNSQuery(identifier: .random(in: 0...UInt16.max), dns: probe)
    query.recordClass = dns.recordClass
    let asked = query
    try Datagrams(endpoint: endpoint, send: asked.bytes) { message in
      do throws(DNSQuery.Malformed) {
        guard let answer = try asked.read(message) else { return nil }
        guard answer.rcode == 0 else {
          return .bad("\(dns.name): rcode \(DNSQuery.name(of: answer.rcode)) from \(endpoint)")
        }
        let texts = answer.records.compactMap { dns.text(in: $0) }
        guard let text = texts.first(where: { IPAddress($0)?.family == family }) ?? texts.first
        else { return .bad("\(dns.name): \(endpoint) has no such record") }
        return family.outcome(text)
      } catch {
        return .bad("a malformed answer from \(endpoint)")
      }
    }.exchange(in: self)
  }

  private func askSTUN(at endpoint: Endpoint, _ family: Family) throws(ProbeFailure) {
    let query = STUNQuery()
    try Datagrams(endpoint: endpoint, send: query.bytes) { message in
      switch query.read(message) {
      case .address(let address): return family.outcome(address)
      case .refused(let reason): return .bad("\(endpoint) answers with \(reason)")
      case nil: return nil
      }
    }.exchange(in: self)
  }
}

extension Family {
  fileprivate var name: String { self == .inet ? "IPv4" : "IPv6" }

  /// What an answer means where a public address of this family is wanted.
  fileprivate func outcome(_ address: IPAddress) -> Outcome {
    guard address.family == self, !address.isUnspecified, !address.isMulticast,
      !address.isLoopback, !address.isLinkLocal
    else { return .bad("\(address) is no public \(name) address") }
    return .good(Finding(publicAddress: address))
  }

  fileprivate func outcome(_ text: String) -> Outcome {
    IPAddress(text).map(outcome) ?? .bad("\(quoted(text.visible(limit: 60))) is no address")
  }
}
