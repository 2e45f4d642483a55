import Model
import Netlink

extension GatewayBed {
  /// What leaves by the tunnel for these flows.
  static func out(_ flows: [Flow]) -> Set<String> {
    Set(
      flows.map { flow in
        let index = flow.destination.family == .inet ? 0 : 1
        return "\(flow.isTCP ? "tcp" : "udp") \(GatewayBed.inside[index]) > "
          + "\(flow.destination):\(flow.dport)"
      })
  }

  /// From remote clients at the other end of the tunnel.
  func send(
    to port: UInt16, at addresses: [IPAddress] = GatewayBed.inside,
    isTCP: [Bool] = [true, false], from sport: UInt16 = 30_000
  ) throws {
    try provider.run {
      for (remote, address) in zip(GatewayBed.remotes, addresses) {
        for isTCP in isTCP {
          try Flow(isTCP: isTCP, from: remote, destination: address, sport: sport, dport: port)
            .send()
        }
      }
    }
  }

  /// What arrives in the VPN network from the remote client, with its own address.
  static func come(
    to addresses: [IPAddress] = GatewayBed.vips, _ port: UInt16,
    _ protocols: [String] = ["tcp", "udp"]
  ) -> Set<String> {
    Set(
      zip(GatewayBed.remotes, addresses).flatMap { remote, address in
        protocols.map { "\($0) \(remote) > \(address):\(port)" }
      })
  }
}
