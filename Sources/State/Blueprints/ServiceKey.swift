enum ServiceKey: Int, ObjectKey {
  case vips, aliases, ports, protocols, marks, servers, scheduler, flags, persistence
  case forwarding, tunnel, probe, quorum, hysteresis, sorry, onNone, drain, inhibit, balancer

  static let names = spelledNames()
  /// What a firewall mark stands in place of.
  static let addressed: [ServiceKey] = [.vips, .aliases, .ports, .protocols]
  /// What destination NAT has nothing of.
  static let ipvsOnly: [ServiceKey] = [
    .marks, .scheduler, .persistence, .forwarding, .tunnel, .quorum, .hysteresis, .sorry, .drain,
    .inhibit,
  ]
}

/// Of a real server, or of several with one behaviour.
enum ServerKey: Int, ConditionalKey {
  case address, port, weight, drain, upperThreshold, lowerThreshold, when

  static let names = spelledNames()
}

/// A probe template for each protocol.
enum ServiceProbeKey: Int, ObjectKey {
  case tcp, udp, sctp

  static let names = spelledNames()
}
