internal import JSON
internal import Model

extension Draft {
  mutating func addVirtualServer(_ statement: Statement) {
    var server = VirtualServer(location: statement.location)
    readFronts(statement, &server)
    for inner in statement.statements where inner.keyword != "real_server" {
      if !server.timing.take(inner) { read(inner, &server) }
    }
    // Real servers come last, after what they inherit, wherever that is stated.
    for inner in statement.statements where inner.keyword == "real_server" {
      readReal(inner, &server)
    }
    if server.fronts.isEmpty {
      note(statement.location, "a virtual server of nothing that is understood: left out")
    } else if server.reals.isEmpty {
      note(statement.location, "a virtual server without real servers: left out")
    } else {
      add(server)
    }
  }

  // MARK: - Its settings

  private mutating func read(_ statement: Statement, _ server: inout VirtualServer) {
    let value = statement.value
    switch statement.keyword {
    case "lvs_sched", "lb_algo":
      if let value, IPVSService.schedulers.contains(value) {
        server.scheduler = value
        server.statedScheduler = value
      } else {
        note(statement.location, "not a scheduler: \(shown(value ?? ""))")
      }
    case "lvs_method", "lb_kind": server.forwarding = forwarding(statement) ?? server.forwarding
    case "flag-1": server.flags.insert(.fallback)
    case "flag-2": server.flags.insert(.port)
    case "flag-3": server.flags.insert(.flag3)
    case "ops": server.flags.insert(.ops)
    case "sh-fallback", "mh-fallback", "sh-port", "mh-port": readFlag(statement, &server)
    case "protocol":
      server.protocol = value.flatMap { IPVSProtocol(rawValue: $0.lowercased()) }
      if server.protocol == nil {
        note(statement.location, "not a protocol: \(shown(value ?? ""))")
      }
    case "persistence_timeout", "persistence_granularity", "persistence_engine":
      readPersistence(statement, &server)
    case "quorum": server.quorum = number(statement, 1...1_000_000) ?? server.quorum
    case "weight": server.weight = number(statement, 1...65_535) ?? server.weight
    case "ip_family": readFamily(statement, &server)
    case "hysteresis": server.hysteresis = number(statement, 0...1_000_000) ?? server.hysteresis
    case "quorum_up", "quorum_down":
      note(
        statement.location,
        "\"\(statement.keyword)\" is not carried over: what its script does may have \"when\": "
          + "\"service.NAME\", which is up while the service has its quorum")
    case "inhibit_on_failure": server.inhibits = true
    case "virtualhost": server.host = value
    case "sorry_server":
      if let address = value.flatMap({ single($0, statement.location) }) {
        let port = statement.words.count > 2 ? UInt16(statement.words[2]) : nil
        server.sorry = (statement.location, address, port == 0 ? nil : port)
      } else {
        note(statement.location, "not an address: \(shown(value ?? ""))")
      }
    default: leave(statement)
    }
  }

  /// A flag named after a scheduler applies if that scheduler was named before; otherwise
  /// keepalived ignores it.
  private mutating func readFlag(_ statement: Statement, _ server: inout VirtualServer) {
    let parts = statement.keyword.split(separator: "-").map(String.init)
    guard parts[0] == server.statedScheduler else {
      leave(statement, "it is for the scheduler \(parts[0]), stated before it")
      return
    }
    server.flags.insert(parts[1] == "port" ? .port : .fallback)
  }

  private mutating func readFamily(_ statement: Statement, _ server: inout VirtualServer) {
    guard let family = statement.value.flatMap({ Family(rawValue: $0) }) else {
      note(statement.location, "not a family: \(shown(statement.value ?? ""))")
      return
    }
    guard server.family ?? family == family else {
      leave(statement, "the virtual server is of the other family")
      return
    }
    server.family = family
  }

  private mutating func readPersistence(_ statement: Statement, _ server: inout VirtualServer) {
    switch statement.keyword {
    case "persistence_timeout":
      // Longer timeouts overflow the kernel's count of ticks at 1000 Hz.
      let most = 24 * 86_400
      let seconds =
        statement.value == nil
        ? VirtualServer.Persistence.usual : number(statement, 1...31 * 86_400)
      if let seconds, seconds > most {
        note(statement.location, "persistence_timeout: cut to 24 days")
      }
      server.persistence.timeout = seconds.map { min($0, most) } ?? server.persistence.timeout
    case "persistence_engine":
      if statement.value == "sip" { server.persistence.engine = "sip" } else { leave(statement) }
    default: readGranularity(statement, &server)
    }
  }

  /// A netmask for IPv4, a length for IPv6; an unknown family follows from which it is.
  private mutating func readGranularity(_ statement: Statement, _ server: inout VirtualServer) {
    let value = statement.value ?? ""
    let family = server.family ?? (value.utf8.contains(UInt8(ascii: ".")) ? .inet : .inet6)
    switch family {
    case .inet:
      guard let mask = IPAddress(value), mask.family == .inet, mask.v4 != 0,
        mask.v4.leadingOnes == mask.v4.nonzeroBitCount
      else { return leave(statement, "not a netmask such as 255.255.255.0") }
      server.persistence.netmask = (.inet, mask.v4.leadingOnes)
    case .inet6:
      guard let length = number(statement, 1...128) else { return }
      server.persistence.netmask = (.inet6, length)
    }
    server.family = family
    server.persistence.timeout = server.persistence.timeout ?? VirtualServer.Persistence.usual
  }

  mutating func number(_ statement: Statement, _ range: ClosedRange<Int>) -> Int? {
    if let number = statement.value.flatMap({ Int($0) }), range.contains(number) { return number }
    note(
      statement.location,
      "\(shown(statement.keyword)): not a number from \(range.lowerBound) to \(range.upperBound): "
        + shown(statement.value ?? ""))
    return nil
  }

  /// `NAT`, `DR`, or `TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]`; a tunnel that
  /// keepalived refuses becomes a plain one.
  private mutating func forwarding(_ statement: Statement) -> [(String, Tree)]? {
    switch statement.value {
    case "NAT": return []
    case "DR": return [("forwarding", "direct")]
    case "TUN":
      let members: [(String, Tree)] = [("forwarding", "tunnel")]
      guard let tunnel = tunnel(Array(statement.words.dropFirst(2))) else {
        note(statement.location, "not a tunnel that keepalived takes: ipip, without options")
        return members
      }
      return tunnel.isEmpty ? members : members + [("tunnel", .object(tunnel))]
    default:
      note(statement.location, "not a forwarding method: \(shown(statement.value ?? ""))")
      return nil
    }
  }

  private func tunnel(_ words: [String]) -> [(String, Tree)]? {
    var (type, port, checksum) = ("ipip", UInt16?.none, String?.none)
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "type":
        guard let value = rest.popFirst(), ["ipip", "gue", "gre"].contains(value) else {
          return nil
        }
        type = value
      case "port":
        guard let value = rest.popFirst().flatMap({ UInt16($0) }), value > 0 else { return nil }
        port = value
      case "nocsum": checksum = nil
      case "csum": checksum = "plain"
      case "remcsum": checksum = "remote"
      default: return nil
      }
    }
    guard (type == "gue") == (port != nil), type != "ipip" || checksum == nil,
      type != "gre" || checksum != "remote"
    else { return nil }
    if type == "ipip" { return [] }
    return [("type", .string(type))] + (port.map { [("port", .integer(Int($0)))] } ?? [])
      + (checksum.map { [("checksum", .string($0))] } ?? [])
  }

  // MARK: - Real servers

  private mutating func readReal(_ statement: Statement, _ server: inout VirtualServer) {
    guard let address = statement.value.flatMap({ single($0, statement.location) }) else {
      note(statement.location, "not a real server's address: \(shown(statement.value ?? ""))")
      return
    }
    var port: UInt16?
    if statement.words.count > 2 {
      port = UInt16(statement.words[2])
      if port == nil {
        note(
          statement.location,
          "not a port: \(shown(statement.words[2])): the real server is left out")
        return
      }
    }
    var real = RealServer(
      location: statement.location, address: address, port: port == 0 ? nil : port,
      weight: server.weight, inhibits: server.inhibits, timing: server.timing, host: server.host)
    let inner = statement.statements
    for statement in inner where !Check.keywords.contains(statement.keyword) {
      if real.timing.take(statement) { continue }
      switch statement.keyword {
      case "weight": real.weight = number(statement, 0...65_535) ?? real.weight
      case "uthreshold": real.upper = number(statement, 0...0x7fff_ffff) ?? 0
      case "lthreshold": real.lower = number(statement, 0...0x7fff_ffff) ?? 0
      case "inhibit_on_failure":
        real.inhibits = !["off", "false", "no"].contains(statement.value ?? "on")
      case "lvs_method": real.forwarding = forwarding(statement)
      case "virtualhost": real.host = statement.value
      default: leave(statement)
      }
    }
    for statement in inner where Check.keywords.contains(statement.keyword) {
      real.checks += checks(statement, of: real)
    }
    if server.reals.contains(where: { $0.address == real.address && $0.port == real.port }) {
      note(statement.location, "the real server \(address) is there already: left out")
    } else {
      server.reals.append(real)
    }
  }
}

extension UInt32 {
  fileprivate var leadingOnes: Int { (~self).leadingZeroBitCount }
}
