enum VRRPKey: Int, ObjectKey {
  case link, id, version, priority, interval, preempt, preemptDelay, startupDelay
  case families, addresses, source, peers, checksum, track, syncGroup, vmac, accept, passwordFile,
    hmac

  static let names = spelledNames()
  static let example = "{ \"link\": \"eth0\", \"id\": 51 }"
}

enum VRRPTrackKey: Int, ConditionalKey {
  case when, weight

  static let names = spelledNames()
  static let example = "{ \"when\": \"probe.gw0\", \"weight\": -50 }"
}

enum VRRPVirtualMACKey: Int, ObjectKey {
  case link

  static let names = spelledNames()
  static let example = "{ \"link\": \"vrrp4-51\" }"
}

enum VRRPHMACKey: Int, ObjectKey {
  case keys, active, mode, window

  static let names = spelledNames()
  static let example = "{ \"keys\": [...] }"
}

enum VRRPHMACKeyKey: Int, ObjectKey {
  case id, file

  static let names = spelledNames()
  static let example = "{ \"id\": 1, \"file\": \"/etc/vpn-gateway/vrrp.key\" }"
}
