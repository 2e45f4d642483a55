internal import JSON
internal import Model

extension ObjectReader<ProbeKey> {
  /// One source, or a list with one for each family.
  func addressSources(defaultFamily: Family) -> [AddressSource] {
    guard let value = value(.publicAddress) else { return [] }
    var sources: [AddressSource] = []
    findings.enter(.key(ProbeKey.publicAddress.name))
    defer { findings.leave() }
    func read(_ value: JSON.Value) {
      guard let source = AddressSource.read(value, defaultFamily, findings) else { return }
      if sources.contains(where: { $0.family == source.family }) {
        findings.report("one of each family: another is \(source.family.rawValue) already")
      }
      sources.append(source)
    }
    if let elements = value.elements {
      if elements.isEmpty { findings.report("must not be empty") }
      for (index, element) in elements.enumerated() {
        findings.enter(.index(index))
        read(element)
        findings.leave()
      }
    } else {
      read(value)
    }
    return sources
  }
}

extension AddressSource {
  /// A text is the address itself; nil, and reported, for what can't be read.
  fileprivate static func read(
    _ value: JSON.Value, _ defaultFamily: Family, _ findings: Findings
  ) -> AddressSource? {
    if value.string != nil {
      do throws(Mismatch) {
        let address = try TextForm<IPAddress>.address.read(value)
        guard !address.isUnspecified, !address.isMulticast, !address.isLoopback else {
          throw Mismatch("\"\(address)\" is \(address.nature), which is nobody's public address")
        }
        return AddressSource(.fixed(address), address.family)
      } catch {
        findings.report(error.message)
        return nil
      }
    }
    guard value.members != nil else {
      findings.report(
        Mismatch(
          value, mustBe: "an address, or an object such as \(AddressSourceKey.example)"
        ).message)
      return nil
    }
    var reader = ObjectReader<AddressSourceKey>(findings, "source of public addresses")
    return reader.open(value) ? reader.source(defaultFamily) : nil
  }
}

extension ObjectReader<AddressSourceKey> {
  private static var questions: [AddressSourceKey] { [.http, .dns, .stun] }

  fileprivate mutating func source(_ defaultFamily: Family) -> AddressSource? {
    let source = optional(.source, .address)
    let stated = optional(.family, .family)
    let family = stated ?? source?.family ?? defaultFamily
    if let stated, let source, source.family != stated {
      report(.source, "\"\(source)\" is of another family than \"\(stated.rawValue)\"")
    }
    let asked = question(family, isStated: stated != nil)
    let intervals = Duration.seconds(1) ... .seconds(86_400)
    let interval = optional(.interval, .duration(intervals, step: .milliseconds(1))) ?? nil
    let timeouts = Duration.milliseconds(10) ... .seconds(60)
    let timeout = optional(.timeout, .duration(timeouts, step: .milliseconds(1))) ?? nil
    let link = optional(.link, .link)
    let mark = optional(.mark, .mark)
    if let mark, mark.mask != .max {
      report(.mark, "a packet has a whole mark, without a mask: write \"\(Mark(mark.bits))\"")
    }
    guard let asked, isSound else { return nil }
    var made = AddressSource(asked.0, asked.1)
    made.interval = interval ?? made.interval
    made.timeout = timeout ?? made.timeout
    (made.source, made.link, made.mark) = (source, link, mark)
    return made
  }

  private mutating func question(
    _ family: Family, isStated: Bool
  ) -> (AddressSource.Question, Family)? {
    let asked = Self.questions.filter { value($0) != nil }
    guard let key = asked.first, asked.count == 1 else {
      report(
        asked.isEmpty
          ? "this source needs \"http\", \"dns\" or \"stun\": whom to ask"
          : "asks one of \"http\", \"dns\" and \"stun\", not several")
      return nil
    }
    if key != .http { refuse([.pointer, .caFile]) { "\($0) is a key of \"http\"" } }
    if key != .dns { refuse([.server, .qtype, .class]) { "\($0) is a key of \"dns\"" } }
    switch key {
    case .http: return http().flatMap { of($0.url.server, key, family, isStated, .http($0)) }
    case .dns:
      guard let dns = dns(family) else { return nil }
      return of(dns.server, .server, family, isStated, .dns(dns))
    default:
      guard let server = optional(.stun, serverForm(3478)) else { return nil }
      return of(server, .stun, family, isStated, .stun(server))
    }
  }

  /// A server's address determines the family that can be asked for.
  private mutating func of(
    _ server: HostPort, _ key: AddressSourceKey, _ family: Family, _ isStated: Bool,
    _ question: AddressSource.Question
  ) -> (AddressSource.Question, Family)? {
    guard let address = server.host.address, address.family != family else {
      return (question, family)
    }
    if isStated {
      report(key, "\"\(address)\" can't be asked for an address of \"\(family.rawValue)\"")
      return nil
    }
    return (question, address.family)
  }

  private mutating func http() -> AddressSource.HTTP? {
    let url = optional(.http, urlForm)
    let pointer = optional(.pointer, pointerForm)
    let authorities = optional(.caFile, .absolutePath)
    if let url, !url.isSecure {
      refuse([.caFile]) { "\($0) is for \"https\": \"\(url)\" has no certificate" }
    }
    guard let url else { return nil }
    var http = AddressSource.HTTP(url)
    (http.pointer, http.authorities) = (pointer, authorities)
    return http
  }

  private mutating func dns(_ family: Family) -> AddressSource.DNS? {
    let name = optional(.dns, .domainName)
    let server = required(.server, serverForm(53), ": the name server that knows who asks")
    let type = optional(.qtype, addressTypeForm)
    let recordClass = optional(.class, classForm)
    guard let name, let server else { return nil }
    if let type, type != 16, (type == 1) != (family == .inet) {
      report(
        .qtype, "has no address of \"\(family.rawValue)\" in its answer: leave it out, or \"TXT\"")
    }
    var dns = AddressSource.DNS(name, at: server, type: type ?? (family == .inet ? 1 : 28))
    dns.recordClass = recordClass ?? dns.recordClass
    return dns
  }
}

private let addressTypeForm = WordForm<UInt16>([("A", 1), ("AAAA", 28), ("TXT", 16)])
private let classForm = WordForm<UInt16>([("IN", 1), ("CH", 3)])

/// A web page's address. A user or password in it isn't repeated.
let urlForm = TextForm<WebURL>(what: "a URL such as \"https://example.org/\"") {
  text throws(Mismatch) in
  if let url = WebURL(text) { return url }
  throw text.contains("@")
    ? Mismatch("must not contain a user or a password")
    : Mismatch("\(quoted(text)) is no URL; write one such as \"https://example.org/ip\"")
}

/// A host, and a port where it isn't the usual one.
func serverForm(_ defaultPort: UInt16) -> TextForm<HostPort> {
  TextForm(what: "a host such as \"example.org\", perhaps with a port") { text throws(Mismatch) in
    guard let server = HostPort(text, defaultPort: defaultPort) else {
      throw Mismatch(
        "\(quoted(text)) is no host; write one such as \"example.org\" or "
          + "\"example.org:\(defaultPort)\"")
    }
    return server
  }
}

private let pointerForm = TextForm<String>(what: "a JSON pointer such as \"/ip\"") {
  text throws(Mismatch) in
  guard text.isEmpty || text.hasPrefix("/") else {
    throw Mismatch("\(quoted(text)) is no JSON pointer; write \"/\(text)\"")
  }
  return text
}
