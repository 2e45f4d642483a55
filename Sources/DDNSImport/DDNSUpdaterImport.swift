public import JSON
internal import Model

/// qdm12's ddns-updater's config.json as a state file.
public struct DDNSUpdaterImport {
  public private(set) var made: ImportedRecords
  private let path: String

  /// Nil, with the reason, for what is no such file.
  public init(
    _ path: String, _ bytes: [UInt8], keysIn directory: String
  ) throws(SyntaxError) {
    self.path = path
    made = ImportedRecords(keysIn: directory)
    let document = try Document(bytes)
    defer { withExtendedLifetime(document) {} }
    guard let settings = document.root["settings"]?.elements else {
      made.note(path, "there is no list \"settings\"")
      return
    }
    for (index, setting) in settings.enumerated() { read(setting, "\(path): /settings/\(index)") }
    if made.isEmpty { made.note(path, "there is no host whose records could be published") }
  }

  private mutating func read(_ setting: JSON.Value, _ place: String) {
    func text(_ key: String) -> String? {
      setting[key]?.string ?? setting[key]?.integer.map(String.init)
    }
    // Older versions have the part before the domain apart; several are separated by commas.
    let owners = (text("owner") ?? text("host") ?? "@").split(separator: ",").map(String.init)
    let domains = (text("domain") ?? "").split(separator: ",").map(String.init)
    guard !domains.isEmpty else { return made.note(place, "has no \"domain\"") }
    for domain in domains.map(\.trimmed) {
      for owner in owners.map(\.trimmed) {
        let name = owner == "@" || owner.isEmpty ? domain : "\(owner).\(domain)"
        add(name, domain: domain, setting, text, place)
      }
    }
  }

  private mutating func add(
    _ name: String, domain: String, _ setting: JSON.Value, _ text: (String) -> String?,
    _ place: String
  ) {
    guard let provider = provider(name, domain: domain, setting, text, place) else { return }
    let version = text("ip_version") ?? "ipv4 or ipv6"
    if version == "ipv4 or ipv6" || version.isEmpty {
      made.note(place, "\(name): both families are published, where there are both")
    }
    if let suffix = text("ipv6_suffix"), !suffix.isEmpty, suffix != "::/0" {
      made.note(place, "\(name): ipv6_suffix \(suffix) is not carried over")
    }
    let families: [Family] =
      version == "ipv4" ? [.inet] : version == "ipv6" ? [.inet6] : [.inet, .inet6]
    let types = families.map { $0 == .inet ? "A" : "AAAA" }.filter(provider.types.contains)
    guard !types.isEmpty else {
      return made.note(place, "\(name) is left out: this provider holds no IPv6 addresses")
    }
    var members: [(String, Tree)] = []
    if types != ["A"] {
      members.append(
        ("type", types.count == 1 ? .string(types[0]) : .array(types.map(Tree.string))))
    }
    // It asks every five minutes unless its environment says something else.
    let sources = families.map { Pages.source(Pages.usual($0), $0, interval: "5m") }
    members.append(("from", .array([.string(made.signal(sources))])))
    if provider.hasTTL, let ttl = setting["ttl"]?.integer, ttl > 1 {
      members.append(("ttl", .string("\(ttl)s")))
    }
    members.append(("provider", .object(provider.members)))
    made.add(name, members)
  }

  private mutating func provider(
    _ name: String, domain: String, _ setting: JSON.Value, _ text: (String) -> String?,
    _ place: String
  ) -> ImportedProvider? {
    let type = text("provider")?.lowercased() ?? ""
    func file(_ secret: String?, _ key: String) -> String {
      if secret == nil { made.note(place, "\(name) has no \(key): write it to the file") }
      return made.file(secret ?? "", for: name, key)
    }
    func update(_ url: String, path: String? = nil) -> ImportedProvider {
      var made = ImportedProvider("dyndns2", [("user", .string(text("username") ?? "unknown"))])
      made.add("password_file", file(text("password") ?? text("client_key"), "password"))
      made.add("url", url)
      made.add("path", path)
      made.hasTTL = false
      return made
    }
    switch type {
    case "cloudflare":
      var made = ImportedProvider("cloudflare")
      if text("token") == nil {
        note(
          place,
          "\(name): only API tokens are used: make one with Zone.DNS:Edit, and put it into the file"
        )
      }
      made.add("token_file", file(text("token"), "token"))
      if setting["proxied"]?.bool == true {
        made.members.append(("proxied", true))
        made.hasTTL = false
      }
      return made
    case "desec", "digitalocean", "hetzner", "hetznercloud":
      if type == "hetzner" {
        note(place, "\(name): Hetzner's Cloud API needs a token of the Cloud Console")
      }
      var made = ImportedProvider(type == "hetznercloud" ? "hetzner" : type)
      made.add("token_file", file(text("token"), "token"))
      return made
    case "duckdns":
      var made = ImportedProvider("duckdns")
      made.add("token_file", file(text("token"), "token"))
      made.hasTTL = false
      return made
    case "route53":
      var made = ImportedProvider(
        "route53", [("access_key_id", .string(text("access_key") ?? "unknown"))])
      made.add("secret_access_key_file", file(text("secret_key"), "secret"))
      made.add("zone_id", text("zone_id"))
      if text("session_token") != nil {
        made.add("session_token_file", file(text("session_token"), "session"))
      }
      return made
    case "dynu":
      if text("group") != nil { note(place, "\(name): \"group\" is not carried over") }
      var made = ImportedProvider(
        "dynu-update", [("user", .string(text("username") ?? "unknown"))])
      made.add("password_file", file(text("password"), "password"))
      made.hasTTL = false
      return made
    case "dyn": return update("https://members.dyndns.org", path: "/v3/update")
    case "noip": return update("https://dynupdate.no-ip.com")
    case "dnsomatic": return update("https://updates.dnsomatic.com")
    case "infomaniak": return update("https://infomaniak.com")
    case "":
      note(place, "\(name) has no \"provider\"")
      return nil
    default:
      note(
        place,
        "\(name) is left out: there is no provider for \"\(type)\"; see webhook and exec in docs/ddns.md"
      )
      return nil
    }
  }

  private mutating func note(_ place: String, _ message: String) { made.note(place, message) }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace ?? false { text.removeFirst() }
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return String(text)
  }
}
