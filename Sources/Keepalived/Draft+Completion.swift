internal import JSON
internal import Model

extension Draft {
  /// Completes a virtual server as keepalived does after reading it (`validate_check_config` in
  /// check_data.c), and unites settings of real servers that a service has for all of them.
  mutating func complete(_ server: inout VirtualServer) {
    let hasAddress = server.fronts.contains(where: \.isAddress)
    if server.protocol == nil {
      if hasAddress { note(server.location, "no protocol: taken for UDP, as keepalived 2.2 does") }
      server.protocol = .udp
    }
    completeForwarding(&server)
    completeFamilies(&server)
    completePersistence(&server)
    completeQuorum(&server)
    if server.reals.contains(where: \.inhibits) {
      if !server.reals.allSatisfy(\.inhibits) {
        note(server.location, "inhibit_on_failure of some real servers: all have it")
      }
      server.inhibits = true
    }
    if server.flags.contains(.ops), server.protocol != .udp, hasAddress {
      note(server.location, "ops is for UDP alone: left out")
      server.flags.remove(.ops)
    }
  }

  private mutating func completeForwarding(_ server: inout VirtualServer) {
    let ways = server.reals.map { $0.forwarding ?? server.forwarding }
    if let first = ways.first {
      if ways.allSatisfy({ Tree.object($0) == Tree.object(first) }) {
        server.forwarding = first
      } else {
        note(
          server.location,
          "real servers with lvs_method of their own: all have the virtual server's")
      }
    }
    if server.translatesPorts { return }
    let ports = server.reals.compactMap(\.port) + [server.sorry?.port].compactMap(\.self)
    let served = Set(
      server.fronts.map { front -> UInt16 in
        if case .address(_, let port) = front { port } else { 0 }
      })
    if ports.contains(where: { served != [$0] }) {
      note(
        server.location,
        "only NAT translates ports: real servers have the virtual server's, whatever theirs is")
    }
  }

  /// Only tunnels cross families.
  private mutating func completeFamilies(_ server: inout VirtualServer) {
    if !server.isTunnel {
      let family =
        server.family ?? server.reals.first?.address.family ?? server.sorry?.address.family ?? .inet
      server.family = family
      for real in server.reals where real.address.family != family {
        note(real.location, "the real server \(real.address) is of the other family: left out")
      }
      server.reals.removeAll { $0.address.family != family }
      if let sorry = server.sorry, sorry.address.family != family {
        note(sorry.location, "the sorry server is of the other family: left out")
        server.sorry = nil
      }
      let count = server.fronts.count
      server.fronts.removeAll { front in
        switch front {
        case .address(let address, _): address.family != family
        case .mark(_, let own): own ?? family != family
        }
      }
      if server.fronts.count < count {
        note(
          server.location, "no real server is of the family of all that is in front: left out there"
        )
      }
    }
    if server.family == nil {
      let families = Set(
        server.reals.map(\.address.family) + [server.sorry?.address.family].compactMap(\.self))
      server.family = server.isGroup || families.count > 1 ? .inet : families.first
    }
  }

  private mutating func completePersistence(_ server: inout VirtualServer) {
    let isOfEveryPort = server.fronts.contains {
      if case .address(_, 0) = $0 { true } else { false }
    }
    if isOfEveryPort, server.persistence.timeout == nil {
      note(server.location, "without a port: persistent for 6 minutes, as keepalived makes it")
      server.persistence.timeout = VirtualServer.Persistence.usual
    }
    if server.persistence.engine != nil, server.persistence.timeout == nil {
      note(server.location, "persistence_engine without persistence_timeout: left out")
      server.persistence.engine = nil
    }
  }

  private mutating func completeQuorum(_ server: inout VirtualServer) {
    let weights = server.reals.reduce(0) { $0 + $1.weight }
    if server.quorum > max(weights, 1) {
      note(server.location, "the quorum is more than all real servers weigh: \(max(weights, 1))")
      server.quorum = max(weights, 1)
    }
    if server.hysteresis >= server.quorum, server.hysteresis > 0 {
      note(server.location, "hysteresis must be below the quorum: \(server.quorum - 1)")
      server.hysteresis = server.quorum - 1
    }
  }
}
