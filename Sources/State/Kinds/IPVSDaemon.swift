internal import JSON
internal import Model

enum IPVSTimeoutKey: Int, ObjectKey {
  case tcp, tcpfin, udp

  static let names = spelledNames()
  static let example = "{ \"tcp\": \"25h\" }"
}

enum IPVSSyncKey: Int, ObjectKey {
  case master, backup

  static let names = spelledNames()
  static let example = "{ \"backup\": { \"link\": \"eth0\", \"id\": 1 } }"
}

enum IPVSDaemonKey: Int, ObjectKey {
  case link, id, maxlen, group, port, ttl, when

  static let names = spelledNames()
  static let example = "{ \"link\": \"eth0\", \"id\": 1 }"
}

extension ObjectReader<IPVSTimeoutKey> {
  mutating func timeouts() -> [IPVSTimeout]? {
    [(IPVSTimeoutKey.tcp, IPVSTimeout.State.tcp), (.tcpfin, .tcpfin), (.udp, .udp)].compactMap {
      key, state in
      (optional(key, .ipvsTimeout) ?? nil).map { IPVSTimeout(state, $0) }
    }
  }
}

extension ObjectReader<IPVSSyncKey> {
  mutating func daemons() -> [Declared<IPVSDaemon>]? {
    let master: Declared<IPVSDaemon>? = object(.master, "synchronisation") { $0.daemon(.master) }
    let backup: Declared<IPVSDaemon>? = object(.backup, "synchronisation") { $0.daemon(.backup) }
    return [master, backup].compactMap(\.self)
  }
}

extension ObjectReader<IPVSDaemonKey> {
  fileprivate mutating func daemon(_ role: IPVSDaemon.Role) -> Declared<IPVSDaemon>? {
    let link = required(.link, .link)
    let id = optional(.id, .uint8(0, to: 255))
    let maxLength = optional(.maxlen, .uint16(1, to: 65535 - 20 - 8))
    let group = optional(.group, .address)
    let port = optional(.port, .uint16(1, to: 65535))
    let ttl = optional(.ttl, .uint8(1, to: 255))
    if let group, !group.isMulticast {
      report(.group, "\"\(group)\" is \(group.nature), not a multicast group")
    }
    let when = when()
    guard let link else { return nil }
    var daemon = IPVSDaemon(role, link: link, syncID: id ?? 0)
    daemon.maxLength = maxLength
    daemon.group = group ?? daemon.group
    daemon.port = port ?? daemon.port
    daemon.ttl = ttl ?? daemon.ttl
    return Declared(daemon, when: when)
  }
}
