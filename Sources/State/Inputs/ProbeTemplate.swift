internal import Model

/// A probe without a name and an address. Blueprints fill them in for each of their members.
struct ProbeTemplate: Hashable {
  /// Without a name and an address.
  private let probe: Probe
  /// Whether it lacks the port too.
  let lacksPort: Bool

  init(_ probe: Probe, lacksPort: Bool = false) {
    self.probe = probe
    self.lacksPort = lacksPort
  }

  /// The only family that it can ask, if its source determines one.
  var family: Family? { probe.source?.family }

  func probe(named name: String, at address: IPAddress, port: UInt16? = nil) -> Probe {
    var probe = probe
    probe.name = name
    probe.question = probe.question.asked(of: address)
    if lacksPort, let port { probe.question = probe.question.asked(at: port) }
    return probe
  }
}

extension Probe.Question {
  fileprivate func asked(at port: UInt16) -> Probe.Question {
    switch self {
    case .http(var http):
      http.port = port
      return .http(http)
    case .tcp(var tcp):
      tcp.port = port
      return .tcp(tcp)
    case .udp(var udp):
      udp.port = port
      return .udp(udp)
    case .dns(var dns):
      dns.port = port
      return .dns(dns)
    case .icmp, .gluetun, .exec, .file, .address:
      return self
    }
  }
}
