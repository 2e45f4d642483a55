enum ServiceKey: Int, ObjectKey {
  case vips, aliases, ports, protocols, marks, family, servers, scheduler, flags, persistence
  case forwarding, tunnel, probe, quorum, hysteresis, sorry, onNone, drain, inhibit, balancer

  static let names = spelledNames()
  static let example =
    "{ \"vips\": \"192.168.26.254\", \"ports\": 53, \"servers\": \"192.168.27.0/28\" }"
  /// The keys that a firewall mark replaces.
  static let addressed: [ServiceKey] = [.vips, .aliases, .ports, .protocols]
  /// The keys that don't apply to destination NAT.
  static let ipvsOnly: [ServiceKey] = [
    .marks, .family, .scheduler, .persistence, .forwarding, .tunnel, .sorry, .drain, .inhibit,
  ]
}

/// The keys of a real server, or of several that are alike.
enum ServerKey: Int, ConditionalKey {
  case address, port, weight, drain, upperThreshold, lowerThreshold, when

  static let names = spelledNames()
  static let example = "{ \"address\": \"192.168.27.1\", \"weight\": 2 }"
}

/// One probe template for each protocol.
enum ServiceProbeKey: Int, ObjectKey {
  case tcp, udp, sctp

  static let names = spelledNames()
  static let example = "{ \"tcp\": { \"type\": \"tcp\" } }"
}
