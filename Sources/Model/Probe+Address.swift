extension Probe.Question {
  /// The same question to another address; `exec`, `file` and `address` ask none.
  public func asked(of address: IPAddress) -> Self {
    switch self {
    case .http(var http):
      http.address = address
      return .http(http)
    case .tcp(var tcp):
      tcp.address = address
      return .tcp(tcp)
    case .udp(var udp):
      udp.address = address
      return .udp(udp)
    case .dns(var dns):
      dns.address = address
      return .dns(dns)
    case .icmp:
      return .icmp(address)
    case .gluetun(var gluetun):
      gluetun.address = address
      return .gluetun(gluetun)
    case .exec, .file, .address:
      return self
    }
  }
}
