internal import JSON
internal import Model

// Where records are published.
extension DDClientImport {
  mutating func provider(
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
    case "nsupdate": return nameServer(host, own, line)
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
  /// The password is the path of a key's file, as nsupdate's option -k takes it.
  private mutating func nameServer(
    _ host: String, _ own: [String: String], _ line: Int
  ) -> ImportedProvider? {
    guard let server = own["server"], let zone = own["zone"], let key = own["password"],
      key.hasPrefix("/"), !key.hasSuffix(".private"), !Self.isOfDNSSECKeygen(key)
    else {
      note(
        line,
        "\(host) is left out: state the provider rfc2136 with the server \(own["server"] ?? "?"), "
          + "the zone \(own["zone"] ?? "?") and, as tsig-keygen prints it, the key of "
          + (own["password"] ?? "?"))
      return nil
    }
    var made = ImportedProvider("rfc2136")
    made.add("server", server)
    made.add("zone", zone)
    made.add("key_file", key)
    if own["tcp"] == "yes" { made.add("transport", "tcp") }
    return made
  }
  /// `Kddns.+163+12345.key`: nsupdate reads the file beside it.
  private static func isOfDNSSECKeygen(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return name.hasPrefix("K") && name.contains(".+") && name.hasSuffix(".key")
  }
}
