internal import JSON
internal import Model

/// What a real server is asked: a probe without its name.
struct Check: Equatable {
  /// The probe's keys except `address`.
  var members: [(String, Tree)]
  /// Nil: the real server's own.
  var address: IPAddress?
  /// Whether it asks an address at all.
  var asksAddress = true
  /// Whether it asks the real server's own port, which nothing states here.
  var lacksPort = false

  static let keywords: Set<String> = [
    "TCP_CHECK", "HTTP_GET", "SSL_GET", "DNS_CHECK", "PING_CHECK", "MISC_CHECK", "UDP_CHECK",
    "SMTP_CHECK", "FILE_CHECK", "BFD_CHECK",
  ]

  static func == (a: Check, b: Check) -> Bool {
    Tree.object(a.members) == Tree.object(b.members) && a.address == b.address
      && a.asksAddress == b.asksAddress && a.lacksPort == b.lacksPort
  }

  var tree: Tree { .object(members) }

  /// As an entry of the section `probes`.
  func tree(at server: IPAddress, port: UInt16) -> Tree {
    guard asksAddress else { return tree }
    var members = members
    members.insert(("address", .string((address ?? server).description)), at: 1)
    if lacksPort { members.insert(("port", .integer(Int(port))), at: 2) }
    return .object(members)
  }
}

extension Draft {
  /// The questions of a check block: one, or one for each of its URLs.
  mutating func checks(_ statement: Statement, of real: RealServer) -> [Check] {
    var target = Target(timing: real.timing)
    var own: [Statement] = []
    for inner in statement.statements where !take(inner, &target) { own.append(inner) }
    dropForeignSource(&target, of: real, statement)
    let keyword = statement.keyword
    if keyword != "SMTP_CHECK", keyword != "MISC_CHECK", !isAskable(target, of: real, statement) {
      return []
    }

    func check(_ type: Tree, _ members: [(String, Tree)], retries: Int = 1) -> Check {
      target.check(type, members, retries: retries)
    }
    switch statement.keyword {
    case "TCP_CHECK":
      for inner in own { leave(inner) }
      return [check("tcp", [])]
    case "SMTP_CHECK": return greetings(statement, own, target, of: real)
    case "PING_CHECK":
      for inner in own { leave(inner) }
      return [target.ping]
    case "HTTP_GET", "SSL_GET":
      for inner in own where inner.keyword == "nb_get_retry" {
        target.timing.retry = inner.value.flatMap { Int($0) } ?? target.timing.retry
      }
      let isTLS = statement.keyword == "SSL_GET"
      return urls(statement, own, host: real.host, isTLS: isTLS).map {
        check(isTLS ? "https" : "http", $0)
      }
    case "DNS_CHECK": return [check("dns", question(own), retries: 3)]
    case "UDP_CHECK":
      if let members = datagram(own) { return [check("udp", members)] }
      note(
        statement.location,
        "UDP_CHECK: a probe waits for an answer, and none is required here; asked by icmp instead")
      return [target.ping]
    case "MISC_CHECK": return script(statement, own, target.timing).map { [$0] } ?? []
    default:
      leave(statement, "the server counts as alive as far as this goes")
      return []
    }
  }

  private mutating func urls(
    _ statement: Statement, _ own: [Statement], host: String?, isTLS: Bool
  ) -> [[(String, Tree)]] {
    var host = host
    var name: Bool = false
    for inner in own where inner.keyword != "url" {
      switch inner.keyword {
      case "virtualhost": host = inner.value
      case "enable_sni": name = true
      // Probes do this anyway.
      case "fast_recovery", "http_protocol", "nb_get_retry": break
      default: leave(inner)
      }
    }
    var urls: [[(String, Tree)]] = []
    for url in own where url.keyword == "url" {
      urls.append(self.url(url.statements, host: host, isTLS: isTLS, asksName: name))
    }
    if urls.isEmpty {
      note(statement.location, "\(statement.keyword) without a url: nothing is asked")
    }
    return urls
  }

  private mutating func url(
    _ statements: [Statement], host: String?, isTLS: Bool, asksName: Bool
  ) -> [(String, Tree)] {
    var host = host
    var members: [(String, Tree)] = []
    for statement in statements {
      let value = statement.value ?? ""
      switch statement.keyword {
      case "path":
        let isSound =
          value.hasPrefix("/") && value.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        if isSound { members.append(("path", .string(value))) } else { leave(statement) }
      case "status_code":
        let statuses = statement.words.dropFirst().compactMap(Self.statuses)
        if !statuses.isEmpty {
          members.append(("status", statuses.count == 1 ? statuses[0] : .array(statuses)))
        }
      case "virtualhost": host = statement.value
      case "regex":
        let isPlain = value.utf8.allSatisfy { !"\\^$.|?*+()[]{}".utf8.contains($0) && $0 >= 0x20 }
        let isNegated = statements.contains { $0.keyword == "regex_no_match" }
        if isPlain, !isNegated, !value.isEmpty {
          members.append(("body", .string(value)))
        } else {
          leave(statement, "a probe looks for a text, not for a pattern")
        }
      case "regex_no_match": break
      default: leave(statement)
      }
    }
    if let host {
      let isSound =
        !host.isEmpty
        && host.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "/") }
      if isSound { members.append(("host", .string(host))) }
    }
    // keepalived accepts any certificate.
    if isTLS { members.append(("verify", false)) }
    if isTLS, asksName, let host, IPAddress(host) == nil, Self.isName(host) {
      members.append(("server_name", .string(host)))
    }
    return members
  }

  private static func isName(_ text: String) -> Bool {
    text.utf8.count <= 253
      && text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy
      {
        (1...63).contains($0.count)
          && $0.allSatisfy { $0.isNameByte || $0 == UInt8(ascii: "-") }
      }
  }

  private static func statuses(_ text: String) -> Tree? {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
      (100...599).contains(first), (100...599).contains(last), first <= last
    else { return nil }
    return first == last ? .integer(first) : .string("\(first)-\(last)")
  }

  private mutating func question(_ statements: [Statement]) -> [(String, Tree)] {
    var (name, type) = (".", "SOA")
    for statement in statements {
      switch statement.keyword {
      case "name":
        var wanted = statement.value ?? "."
        if wanted.hasSuffix("."), wanted.utf8.count > 1 { wanted.removeLast() }
        if wanted == "." || Self.isName(wanted) { name = wanted } else { leave(statement) }
      case "type":
        let wanted = statement.value?.uppercased() ?? type
        if ["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA"].contains(wanted) {
          type = wanted
        } else {
          leave(statement)
        }
      default: leave(statement)
      }
    }
    return [("name", .string(name)), ("qtype", .string(type))]
  }

  /// Nil if no answer is waited for, or if what is sent isn't text.
  private mutating func datagram(_ statements: [Statement]) -> [(String, Tree)]? {
    var (send, expect): (String?, String?) = (nil, nil)
    var waits = false
    for statement in statements {
      let digits = statement.words.dropFirst()
      switch statement.keyword {
      case "payload": send = Self.text(Array(digits))
      case "require_reply":
        waits = true
        if !digits.isEmpty {
          expect = Self.text(Array(digits))
          if expect == nil { leave(statement, "any answer is good") }
        }
      default: leave(statement)
      }
    }
    guard waits, let send, !send.isEmpty else { return nil }
    return [("send", .string(send))]
      + (expect.flatMap { $0.isEmpty ? nil : [("expect", .string($0))] } ?? [])
  }

  /// Printable text from pairs of hex digits; a single digit is a byte too.
  private static func text(_ words: [String]) -> String? {
    var bytes: [UInt8] = []
    for word in words {
      let digits = Array(word.utf8)
      for start in stride(from: 0, to: digits.count, by: 2) {
        let pair = digits[start..<min(start + 2, digits.count)]
        guard let byte = UInt8(Array(pair).string, radix: 16), (0x20...0x7e).contains(byte) else {
          return nil
        }
        bytes.append(byte)
      }
    }
    return bytes.string
  }
}
