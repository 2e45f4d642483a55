internal import JSON
internal import Model

/// A configuration of ddclient(8) as a state file.
///
/// A line that names no host sets what the following hosts have; one with hosts sets what these have.
public struct DDClientImport {
  public private(set) var made: ImportedRecords
  private let path: String
  private var globals: [String: String] = [:]

  public init(_ path: String, _ bytes: [UInt8], keysIn directory: String) {
    self.path = path
    made = ImportedRecords(keysIn: directory)
    for (line, text) in Self.lines(String(decoding: bytes, as: UTF8.self)) { read(text, line) }
    if made.isEmpty { note(0, "there is no host whose records could be published") }
  }

  private mutating func note(_ line: Int, _ message: String) {
    made.note(line == 0 ? path : "\(path):\(line)", message)
  }

  // MARK: - Reading

  /// Lines joined where they end in a backslash, with the number of each first one.
  private static func lines(_ text: String) -> [(Int, String)] {
    var lines: [(Int, String)] = []
    var joined: (number: Int, text: String)?
    for (index, line) in text.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated() {
      var part = String(line)
      while part.last?.isWhitespace ?? false { part.removeLast() }
      let goesOn = part.hasSuffix("\\")
      if goesOn { part.removeLast() }
      joined = (joined?.number ?? index + 1, (joined?.text ?? "") + part)
      if !goesOn, let whole = joined {
        lines.append((whole.number, whole.text))
        joined = nil
      }
    }
    if let joined { lines.append((joined.number, joined.text)) }
    return lines
  }

  /// `key=value, key='va lue' host,host login password`, up to a comment.
  private static func words(_ text: String) -> (settings: [(String, String)], rest: [String]) {
    var settings: [(String, String)] = []
    var rest: [String] = []
    var characters = Array(text)[...]
    func isEnd(_ character: Character) -> Bool { character.isWhitespace || character == "," }
    while let first = characters.first {
      if isEnd(first) {
        characters.removeFirst()
        continue
      }
      if first == "#" { break }
      let word = characters.prefix { !isEnd($0) && $0 != "=" && $0 != "#" }
      characters = characters.dropFirst(word.count)
      if word.isEmpty {
        characters.removeFirst()
        continue
      }
      // A space may stand around the sign.
      let afterSpace = characters.drop { $0 == " " || $0 == "\t" }
      guard rest.isEmpty, afterSpace.first == "=" else {
        rest.append(String(word))
        continue
      }
      characters = afterSpace.dropFirst().drop { $0 == " " || $0 == "\t" }
      var value = ""
      while let character = characters.first, !isEnd(character), character != "#" || !value.isEmpty
      {
        characters.removeFirst()
        if character == "\"" || character == "'" {
          value += String(characters.prefix { $0 != character })
          characters = characters.drop { $0 != character }.dropFirst()
        } else if character == "\\", let escaped = characters.popFirst() {
          value.append(escaped)
        } else {
          value.append(character)
        }
      }
      settings.append((String(word).lowercased(), value))
    }
    return (settings, rest)
  }

  private mutating func read(_ text: String, _ line: Int) {
    let (settings, rest) = Self.words(text)
    if settings.isEmpty, rest.isEmpty { return }
    var own = globals
    for (key, value) in settings { own[key] = value }
    for (key, _) in settings {
      if let reason = Self.lost[key] { note(line, "\(key) is not carried over: \(reason)") }
    }
    guard !rest.isEmpty else {
      globals = own
      return
    }
    // The older form has the login and the password behind the hosts.
    var hosts = rest
    if rest.count == 3, own["login"] == nil, own["password"] == nil, !rest[1].contains(".") {
      own["login"] = rest[1]
      own["password"] = rest[2]
      hosts = [rest[0]]
    }
    for host in hosts { add(host, own, line) }
  }

  /// What has no counterpart, and why. What only concerns ddclient's own process isn't mentioned.
  private static let lost = [
    "postscript": "nothing is run when a record changes",
    "mail": "nothing is mailed; see the metrics vpngw_ddns_...",
    "mail-failure": "nothing is mailed; see the metrics vpngw_ddns_...",
    "proxy": "there is no proxy",
    "wildcard": "publish \"*.NAME\" as an entry of its own",
    "mx": "MX records are not published", "backupmx": "MX records are not published",
    "static": "it is the provider's own setting", "custom": "it is the provider's own setting",
    "script": "state \"path\" of the provider dyndns2",
    "fw": "a firewall's page is not read", "fw-login": "a firewall's page is not read",
  ]

  // MARK: - Records

  private mutating func add(_ host: String, _ own: [String: String], _ line: Int) {
    guard let provider = provider(host, own, line) else { return }
    let sources = sources(own, line)
    if sources.isEmpty {
      return note(line, "\(host) is left out: it has no address to publish (use=no)")
    }
    var types = sources.map { $0.family == .inet ? "A" : "AAAA" }
    types = types.filter(provider.types.contains)
    var members: [(String, Tree)] = []
    if types != ["A"] {
      members.append(
        ("type", types.count == 1 ? .string(types[0]) : .array(types.map(Tree.string))))
    }
    members.append(("from", .array([.string(made.signal(sources.map(\.tree)))])))
    if provider.hasTTL, let ttl = own["ttl"].flatMap(UInt32.init), ttl > 1 {
      members.append(("ttl", .string("\(ttl)s")))
    }
    if let text = own["max-interval"], let refresh = Self.duration(text) {
      members.append(("refresh", .string(refresh)))
    }
    if let text = own["min-interval"], let pause = Self.duration(text) {
      members.append(("min_interval", .string(pause)))
    }
    members.append(("provider", .object(provider.members)))
    made.add(host, members)
  }

  /// ddclient's `30`, `5m`, `28d`.
  private static func duration(_ text: String) -> String? {
    let digits = text.prefix { $0.isNumber }
    guard let number = Int(digits), number > 0 else { return nil }
    let unit = text.dropFirst(digits.count).lowercased()
    switch unit.first {
    case nil, "s": return "\(number)s"
    case "m": return "\(number)m"
    case "h": return "\(number)h"
    case "d": return "\(number)d"
    case "w": return "\(number * 7)d"
    default: return nil
    }
  }

  // MARK: - Where addresses are learnt

  private struct Source {
    var family: Family
    var tree: Tree
  }

  private mutating func sources(_ own: [String: String], _ line: Int) -> [Source] {
    let interval = own["daemon"].flatMap(Self.duration)
    var sources: [Source] = []
    if own["usev4"] != nil || own["usev6"] != nil {
      for family in [Family.inet, .inet6] {
        let suffix = family == .inet ? "v4" : "v6"
        guard let use = own["use\(suffix)"] else { continue }
        if let source = source(use, family, suffix, own, interval, line) { sources.append(source) }
      }
      return sources
    }
    let use = own["use"] ?? "ip"
    let family =
      own["web"]?.hasSuffix("ipv6") == true || own["ip"].map { $0.contains(":") } == true
      ? Family.inet6 : .inet
    return source(use, family, "", own, interval, line).map { [$0] } ?? []
  }

  private mutating func source(
    _ use: String, _ family: Family, _ suffix: String, _ own: [String: String],
    _ interval: String?, _ line: Int
  ) -> Source? {
    func value(_ key: String) -> String? { own[key + suffix] ?? own[key] }
    func page(_ url: String, link: String? = nil) -> Source {
      Source(
        family: family, tree: Pages.source(url, family, interval: interval, link: link))
    }
    // `usev4=webv4`, and some write `usev4=webv4, webv4=...` in one text.
    let word = use.hasSuffix(suffix) ? String(use.dropLast(suffix.count)) : use
    switch word {
    case "no", "disabled": return nil
    case "ip":
      guard let text = value("ip"), let address = IPAddress(text) else {
        note(line, "no address is stated (ip=): it is asked of \(Pages.usual(family))")
        return page(Pages.usual(family))
      }
      return Source(family: address.family, tree: .string(address.description))
    case "web":
      let stated = value("web") ?? (family == .inet ? "ipify-ipv4" : "ipify-ipv6")
      if let known = Self.pages[stated] { return page(known) }
      let url = stated.hasPrefix("http") ? stated : "https://" + stated
      guard own["web\(suffix)-skip"] == nil, WebURL(url) != nil, !url.contains("dyndns.") else {
        note(
          line,
          "the page \(stated) says more than the address: it is asked of \(Pages.usual(family)) instead"
        )
        return page(Pages.usual(family))
      }
      return page(url)
    case "if":
      let link = value("if")
      note(
        line,
        "an interface's address (\(link ?? "?")) is not read: what the internet sees of it is asked "
          + "of \(Pages.usual(family))")
      return page(Pages.usual(family), link: link.flatMap { LinkName($0) == nil ? nil : $0 })
    default:
      note(line, "use=\(use) is not carried over: the address is asked of \(Pages.usual(family))")
      return page(Pages.usual(family))
    }
  }

  /// ddclient's own names for pages that say nothing but the address.
  private static let pages = [
    "ipify-ipv4": "https://api.ipify.org", "ipify-ipv6": "https://api6.ipify.org",
    "icanhazip": "https://icanhazip.com", "icanhazip.com": "https://icanhazip.com",
    "nsupdate.info-ipv4": "https://ipv4.nsupdate.info/myip",
    "nsupdate.info-ipv6": "https://ipv6.nsupdate.info/myip",
    "myonlineportal": "https://myonlineportal.net/checkip",
    "noip-ipv4": "http://ip1.dynupdate.no-ip.com", "noip-ipv6": "http://ip1.dynupdate6.no-ip.com",
    "checkip.amazonaws.com": "https://checkip.amazonaws.com",
  ]

  // MARK: - Providers

  private mutating func provider(
    _ host: String, _ own: [String: String], _ line: Int
  ) -> ImportedProvider? {
    let name = own["protocol"]?.lowercased() ?? "dyndns2"
    let scheme = own["ssl"] == "no" ? "http" : "https"
    let server = own["server"].map { $0.contains("://") ? $0 : "\(scheme)://\($0)" }
    func secret(_ key: String) -> String {
      if own["password"] == nil { note(line, "\(host) has no password: write it to the file") }
      return made.file(own["password"] ?? "", for: host, key)
    }
    func update(_ url: String?, path: String? = nil) -> ImportedProvider {
      var made = ImportedProvider("dyndns2", [("user", .string(own["login"] ?? "unknown"))])
      if own["login"] == nil { note(line, "\(host) has no login: state \"user\"") }
      made.add("password_file", secret("password"))
      made.add("url", url)
      made.add("path", path)
      made.hasTTL = false
      return made
    }
    switch name {
    case "cloudflare":
      var made = ImportedProvider("cloudflare")
      if let login = own["login"], login != "token" {
        note(
          line,
          "\(host): the global API key of \(login) is not used: make an API token with "
            + "Zone.DNS:Edit, and put it into the file")
      }
      made.add("token_file", secret("token"))
      made.add("zone", own["zone"])
      return made
    case "digitalocean", "hetzner":
      var made = ImportedProvider(name)
      if name == "hetzner" {
        note(line, "\(host): Hetzner's Cloud API needs a token of the Cloud Console")
      }
      made.add("token_file", secret("token"))
      made.add("zone", own["zone"])
      return made
    case "duckdns":
      var made = ImportedProvider("duckdns")
      made.add("token_file", secret("token"))
      made.hasTTL = false
      return made
    case "changeip":
      var made = ImportedProvider("changeip", [("user", .string(own["login"] ?? "unknown"))])
      made.add("password_file", secret("password"))
      (made.hasTTL, made.types) = (false, ["A"])
      return made
    case "nsupdate":
      note(
        line,
        "\(host) is left out: state the provider rfc2136 with the server \(own["server"] ?? "?"), "
          + "the zone \(own["zone"] ?? "?") and the key of \(own["password"] ?? "?")")
      return nil
    case "dyndns2":
      if server?.contains("dynu.com") == true {
        var made = ImportedProvider("dynu-update", [("user", .string(own["login"] ?? "unknown"))])
        made.add("password_file", secret("password"))
        made.hasTTL = false
        return made
      }
      if server?.contains("dedyn.io") == true || server?.contains("desec.io") == true {
        var made = ImportedProvider("desec")
        made.add("token_file", secret("token"))
        return made
      }
      return update(server, path: own["script"])
    case "noip": return update(server ?? "https://dynupdate.no-ip.com")
    case "dnsomatic": return update(server ?? "https://updates.dnsomatic.com")
    case "infomaniak": return update(server ?? "https://infomaniak.com")
    case "googledomains":
      note(line, "\(host) is left out: Google Domains is no more")
      return nil
    default:
      note(
        line,
        "\(host) is left out: there is no provider for protocol=\(name); see webhook and exec in "
          + "docs/ddns.md")
      return nil
    }
  }
}
