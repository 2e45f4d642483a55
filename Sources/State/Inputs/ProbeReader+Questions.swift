internal import JSON
internal import Model

extension ObjectReader<ProbeKey> {
  /// The question of a probe of this type, still without an address; nil, and reported, if too
  /// little is stated.
  mutating func question(_ type: String, lacksPort: Bool) -> Probe.Question? {
    switch type {
    case "http": .http(http(tls: nil))
    case "https": .http(http(tls: tls()))
    case "tcp": tcp(lacksPort: lacksPort).map(Probe.Question.tcp)
    case "udp": udp(lacksPort: lacksPort).map(Probe.Question.udp)
    case "dns": dns().map(Probe.Question.dns)
    case "icmp": .icmp(.nobody)
    case "exec": exec().map(Probe.Question.exec)
    case "file": file().map(Probe.Question.file)
    case "address": address()
    default: .gluetun(gluetun())
    }
  }

  private mutating func port() -> UInt16? { optional(.port, .uint16(1, to: .max)) }

  private mutating func http(tls: Probe.TLS?) -> Probe.HTTP {
    var http = Probe.HTTP(address: .nobody, port: port() ?? (tls == nil ? 80 : 443), tls: tls)
    http.method = optional(.method, methodForm) ?? http.method
    http.path = optional(.path, requestPathForm) ?? http.path
    http.host = optional(.host, hostForm)
    http.headers = headers()
    http.credentials = credentials()
    http.statuses = optional(.status, StatusForm()) ?? http.statuses
    http.body = optional(.body, .someText)
    if http.method == "HEAD" { refuse([.body]) { "\($0): an answer to HEAD has no body" } }
    return http
  }

  private mutating func headers() -> [Probe.HTTP.Header] {
    var headers: [Probe.HTTP.Header] = []
    var seen: [String: String] = [:]
    eachNamed(.headers, hasTexts: true) { findings, name, value in
      if let earlier = seen.updateValue(name, forKey: name.lowercased()) {
        findings.report("the same header as \(quoted(earlier))", part: .key)
      }
      do throws(Mismatch) {
        _ = try headerNameForm.parse(name)
      } catch {
        findings.report(error.message, part: .key)
      }
      do throws(Mismatch) {
        headers.append(.init(name, try HeaderValueForm().read(value)))
      } catch {
        findings.report(error.message)
      }
    }
    return headers
  }

  private mutating func credentials() -> Probe.Credentials? {
    let basic = optional(.basicAuthFile, .absolutePath)
    let key = optional(.apiKeyFile, .absolutePath)
    if has(.basicAuthFile) {
      refuse([.apiKeyFile]) { "\($0) can't stand beside \"basic_auth_file\"" }
    }
    return basic.map(Probe.Credentials.basic) ?? key.map(Probe.Credentials.apiKey)
  }

  private mutating func tls() -> Probe.TLS {
    let isVerified = optional(.verify, .bool) ?? true
    let name = optional(.serverName, .domainName)
    let authorities = optional(.caFile, .absolutePath)
    if !isVerified {
      refuse([.caFile]) { "\($0) can't stand beside \"verify\": false, which trusts anybody" }
    }
    return Probe.TLS(isVerified: isVerified, serverName: name, authorities: authorities)
  }

  /// 0 if the port may be left out, and is.
  private mutating func port(mayLack: Bool) -> UInt16? {
    if mayLack, !has(.port) { return 0 }
    return required(.port, .uint16(1, to: .max))
  }

  private mutating func tcp(lacksPort: Bool) -> Probe.TCP? {
    let port = port(mayLack: lacksPort)
    var tcp = Probe.TCP(address: .nobody, port: port ?? 0)
    tcp.send = optional(.send, .someText)
    tcp.expect = optional(.expect, .someText)
    return port == nil ? nil : tcp
  }

  private mutating func udp(lacksPort: Bool) -> Probe.UDP? {
    let port = port(mayLack: lacksPort)
    let send = required(.send, .someText, ": only an answer shows that somebody is there")
    let expect = optional(.expect, .someText)
    guard let port, let send else { return nil }
    var udp = Probe.UDP(address: .nobody, port: port, send: send)
    udp.expect = expect
    return udp
  }

  private mutating func dns() -> Probe.DNS? {
    let name = required(.name, .questionName)
    var dns = Probe.DNS(address: .nobody, name: name ?? "")
    dns.port = port() ?? dns.port
    dns.transport = optional(.transport, transportForm) ?? dns.transport
    dns.type = optional(.qtype, queryTypeForm) ?? dns.type
    dns.rcode = optional(.rcode, responseCodeForm) ?? dns.rcode
    dns.answer = optional(.answer, .address)
    if let answer = dns.answer, !faults.contains(.qtype) {
      let type = answer.family == .inet ? "A" : "AAAA"
      if dns.type != (answer.family == .inet ? 1 : 28) {
        report(
          .answer, "\"\(answer)\" can only be an answer to a question of \"qtype\" \"\(type)\"")
      } else if dns.rcode != 0 {
        refuse(.answer, "\"answer\" is for \"rcode\" \"NOERROR\", the only one with an answer")
      }
    }
    return name == nil ? nil : dns
  }

  private mutating func exec() -> Probe.Exec? {
    if !has(.command) { reportMissing(.command, ": a list of the program's path and arguments") }
    guard let words = elements(.command, .plainText) else { return nil }
    let command = words.compactMap(\.self)
    guard command.count == words.count else { return nil }
    guard let program = command.first else {
      report(.command, "must not be empty")
      return nil
    }
    if !program.utf8.starts(with: "/".utf8) {
      report(.command, 0, "\(quoted(program)) is no absolute path: there is no shell to find it")
    }
    return Probe.Exec(command: command)
  }

  private mutating func file() -> Probe.File? {
    let path = required(.path, .absolutePath)
    var file = Probe.File(path: path ?? "")
    file.content = optional(.content, .someText)
    let ages = Duration.seconds(1) ... .seconds(365 * 86_400)
    file.maxAge = optional(.maxAge, .duration(ages, step: .milliseconds(1))) ?? nil
    return path == nil ? nil : file
  }

  private mutating func address() -> Probe.Question {
    if !has(.publicAddress) {
      reportMissing(.publicAddress, ": { \"stun\": \"stun.example.org:3478\" }, where it is learnt")
    }
    return .address
  }

  private mutating func gluetun() -> Probe.Gluetun {
    var gluetun = Probe.Gluetun(address: .nobody)
    gluetun.healthPort = optional(.healthPort, .uint16(1, to: .max)) ?? gluetun.healthPort
    gluetun.controlPort = optional(.controlPort, .uint16(1, to: .max)) ?? gluetun.controlPort
    gluetun.credentials = credentials()
    return gluetun
  }
}

private let methodForm = WordForm(["GET", "HEAD", "OPTIONS", "POST"].map { ($0, $0) })
private let transportForm = WordForm(Probe.DNS.Transport.self, \.rawValue)
/// RFC 1035, 3.2.2, and IANA's list.
private let queryTypeForm = WordForm<UInt16>([
  ("A", 1), ("AAAA", 28), ("CNAME", 5), ("HTTPS", 65), ("MX", 15), ("NS", 2), ("PTR", 12),
  ("SOA", 6), ("SRV", 33), ("TXT", 16),
])
/// RFC 1035, 4.1.1.
private let responseCodeForm = WordForm<UInt8>([
  ("NOERROR", 0), ("FORMERR", 1), ("SERVFAIL", 2), ("NXDOMAIN", 3), ("NOTIMP", 4), ("REFUSED", 5),
])
