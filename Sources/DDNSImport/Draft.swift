public import JSON
internal import Model

/// What another client's configuration says, as far as a state file can say it.
public struct ImportedRecords {
  public struct Note: CustomStringConvertible {
    let place: String
    let message: String

    public var description: String { "\(place): \(message)" }
  }

  /// What a file must hold that the state file names.
  public struct SecretFile {
    public let path: String
    public let text: String
  }

  public private(set) var notes: [Note] = []
  public private(set) var secrets: [SecretFile] = []
  private var probes: [(sources: [Tree], name: String)] = []
  private var records: [(key: String, tree: Tree)] = []
  private let directory: String

  init(keysIn directory: String) { self.directory = directory }

  mutating func note(_ place: String, _ message: String) {
    notes.append(Note(place: place, message: message.visible))
  }

  /// The path of the file that is to hold a secret.
  mutating func file(_ text: String, for name: String, _ key: String) -> String {
    let path = "\(directory)/ddns-\(name.fileName).\(key)"
    if let known = secrets.first(where: { $0.text == text + "\n" }) { return known.path }
    secrets.append(SecretFile(path: path, text: text + "\n"))
    return path
  }

  /// The signal of the probe that learns addresses from these sources.
  mutating func signal(_ sources: [Tree]) -> String {
    if let known = probes.first(where: { $0.sources == sources }) { return "probe.\(known.name)" }
    let name = probes.isEmpty ? "public" : "public\(probes.count + 1)"
    probes.append((sources, name))
    return "probe.\(name)"
  }

  mutating func add(_ name: String, _ members: [(String, Tree)]) {
    var key = name.fileName
    var number = 2
    while records.contains(where: { $0.key == key }) {
      key = "\(name.fileName)-\(number)"
      number += 1
    }
    records.append((key, .object([("name", .string(name))] + members)))
  }

  public var isEmpty: Bool { records.isEmpty }

  /// The state file.
  public var tree: Tree {
    var sections: [(String, Tree)] = [("version", 1)]
    if !probes.isEmpty {
      sections.append(
        (
          "probes",
          .object(
            probes.map { sources, name in
              (
                name,
                .object([
                  ("type", "address"), ("interval", "10s"),
                  ("public_address", sources.count == 1 ? sources[0] : .array(sources)),
                ])
              )
            })
        ))
    }
    if !records.isEmpty { sections.append(("ddns", .object(records.map { ($0.key, $0.tree) }))) }
    return .object(sections)
  }
}

extension String {
  /// Fit for a file's name and a key: `vpn.example.org`, `wildcard.example.org`.
  fileprivate var fileName: String {
    let text = replacing("*", with: "wildcard").lowercased().filter {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0))
    }
    let name = String(text.drop { "-_.".contains($0) }.prefix(60))
    return name.isEmpty ? "record" : name
  }
}

/// A provider's object, and what of a host's settings isn't in it.
struct ImportedProvider {
  var members: [(String, Tree)]
  /// Whether records have a TTL of their own there.
  var hasTTL = true
  var types: [String] = ["A", "AAAA"]

  init(_ type: String, _ members: [(String, Tree)] = []) {
    self.members = [("type", .string(type))] + members
  }

  mutating func add(_ key: String, _ value: String?) {
    if let value, !value.isEmpty { members.append((key, .string(value))) }
  }
}

/// Web pages that say the address of whoever asks, for those that can't be carried over.
enum Pages {
  static func usual(_ family: Family) -> String {
    family == .inet ? "https://api.ipify.org" : "https://api6.ipify.org"
  }

  static func source(
    _ url: String, _ family: Family, interval: String? = nil, link: String? = nil
  ) -> Tree {
    var members: [(String, Tree)] = [("http", .string(url))]
    if family == .inet6 { members.append(("family", "inet6")) }
    if let interval { members.append(("interval", .string(interval))) }
    if let link { members.append(("link", .string(link))) }
    return .object(members)
  }
}
