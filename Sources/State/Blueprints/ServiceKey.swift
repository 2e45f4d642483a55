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

enum ServerKey: Int, ObjectKey {
  case address, port, weight, drain, upperThreshold, lowerThreshold, forwarding, tunnel

  static let names = spelledNames()
}

enum PersistenceKey: Int, ObjectKey {
  case timeout, netmask, engine

  static let names = spelledNames()
}

enum TunnelKey: Int, ObjectKey {
  case type, port, checksum

  static let names = spelledNames()
}

/// A probe template for each protocol.
enum ServiceProbeKey: Int, ObjectKey {
  case tcp, udp, sctp

  static let names = spelledNames()
}
