internal import JSON
internal import Model

/// A configuration of ddclient(8) as a state file.
///
/// A line that names no host sets what the following hosts have; one with hosts sets what these have.
public struct DDClientImport {
  public internal(set) var made: ImportedRecords
  private let path: String
  private var globals: [String: String] = [:]

  public init(_ path: String, _ bytes: [UInt8], keysIn directory: String) {
    self.path = path
    made = ImportedRecords(keysIn: directory)
    for (line, text) in DDClientFile.lines(of: bytes) { read(text, line) }
    if made.isEmpty { note(0, "there is no host whose records could be published") }
  }

  mutating func note(_ line: Int, _ message: String) {
    made.note(line == 0 ? path : "\(path):\(line)", message)
  }

  // MARK: - Reading

  private mutating func read(_ text: String, _ line: Int) {
    let (settings, rest) = DDClientFile.words(of: text)
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
  static func duration(_ text: String) -> String? {
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
}
