/// A key of a provider's object in the state file.
public struct ProviderKey: Hashable, Sendable {
  /// How its value is written.
  public enum Form: Hashable, Sendable {
    case text
    /// The path of a file that holds a secret, which is read at each attempt. Such keys end in `_file`.
    case secretFile
    /// The path of a file that isn't secret.
    case file
    /// A domain name.
    case name
    /// A server: an address or a name.
    case host
    case port
    /// `https://api.example.org/v2`.
    case url
    case number(ClosedRange<Int>)
    case flag
    case word([String])
    /// A list of texts, not empty.
    case texts
    /// An object of texts: names of headers with their values.
    case table
  }

  public var name: String
  public var form: Form
  public var isRequired: Bool
  /// Follows the message that it is missing: `, the token of the account`.
  public var hint: String

  /// For providers that can't be read: one of the zone's name servers, which is asked instead.
  static let nameServer = ProviderKey("name_server", .host)

  public init(_ name: String, _ form: Form, isRequired: Bool = false, hint: String = "") {
    self.name = name
    self.form = form
    self.isRequired = isRequired
    self.hint = hint
  }
}

/// A provider's object in the state file, by its keys. The state file's reader has checked each form.
public struct ProviderSettings: Hashable, Sendable {
  public enum Setting: Hashable, Sendable {
    /// A text, a word, or the path of a file.
    case text(String)
    case name(RecordName)
    case origin(HTTPOrigin)
    case number(Int)
    case flag(Bool)
    case texts([String])
    case table([String: String])
  }

  /// The provider's name.
  public let type: String
  private var settings: [String: Setting]
  private var secrets: [String: Secret] = [:]

  public init(type: String, _ settings: [String: Setting]) {
    self.type = type
    self.settings = settings
  }

  /// A provider that can be read needs no name server.
  var readingProblems: [ProviderProblem] {
    guard flag("reads") == true, has(ProviderKey.nameServer.name) else { return [] }
    return [
      ProviderProblem(
        ProviderKey.nameServer.name, "is for what can't be read: leave it out, or \"reads\"")
    ]
  }

  public func has(_ key: String) -> Bool { settings[key] != nil }

  public func text(_ key: String) -> String? {
    if case .text(let text)? = settings[key] { text } else { nil }
  }

  public func name(_ key: String) -> RecordName? {
    if case .name(let name)? = settings[key] { name } else { nil }
  }

  public func origin(_ key: String) -> HTTPOrigin? {
    if case .origin(let origin)? = settings[key] { origin } else { nil }
  }

  public func number(_ key: String) -> Int? {
    if case .number(let number)? = settings[key] { number } else { nil }
  }

  public func flag(_ key: String) -> Bool? {
    if case .flag(let flag)? = settings[key] { flag } else { nil }
  }

  public func texts(_ key: String) -> [String]? {
    if case .texts(let texts)? = settings[key] { texts } else { nil }
  }

  public func table(_ key: String) -> [String: String]? {
    if case .table(let table)? = settings[key] { table } else { nil }
  }

  /// What the file under a key holds, without the end of its line; nil if the key isn't stated.
  public func secret(_ key: String) -> Secret? { secrets[key] }

  /// The paths of the secrets, by key.
  public var secretFiles: [String: String] {
    let keys = Providers.named(type)?.keys.filter { $0.form == .secretFile }.map(\.name) ?? []
    return keys.reduce(into: [:]) { files, key in files[key] = text(key) }
  }

  /// All files that it reads.
  var files: [String] {
    let keys =
      Providers.named(type)?.keys.filter { $0.form == .secretFile || $0.form == .file } ?? []
    return keys.compactMap { text($0.name) }
  }

  /// With what the files hold, by key.
  public func with(_ secrets: [String: Secret]) -> ProviderSettings {
    var copy = self
    copy.secrets = secrets
    return copy
  }
}
