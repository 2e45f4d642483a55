internal import JSON
public import Model

/// A section of the state file: how it is read, checked against the others, and written.
protocol SectionReader: SendableMetatype {
  /// The section's key in the file.
  static var key: String { get }
  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents)
  /// Finds contradictions to the rest of the file.
  static func check(_ check: CrossCheck)
  /// The section that these objects are read from; nil if none is needed.
  static func tree(_ state: NetworkState) -> Tree?
  /// The signals that it declares; nil if it declares none, or if their names couldn't be read.
  static func signals(_ check: CrossCheck) -> SignalNames?
  /// The source of those signals.
  static var source: Signal.Source? { get }
}

extension SectionReader {
  static var fileKey: FileKey { FileKey(key) }
  static func check(_ check: CrossCheck) {}
  static func tree(_ state: NetworkState) -> Tree? { nil }
  static func signals(_ check: CrossCheck) -> SignalNames? { nil }
  static var source: Signal.Source? { nil }
}

/// The names of a section's signals.
struct SignalNames {
  /// What each of them belongs to: `probe`.
  var noun: String
  var declared: Set<String>
  /// Possible names of others that couldn't be read.
  var unread: Set<String> = []
}

/// A section for a blueprint.
protocol BlueprintReader: SectionReader {
  associatedtype Read: Blueprint
}

extension BlueprintReader {
  static var type: any Blueprint.Type { Read.self }
  static var key: String { Read.section }
}

extension StateFile {
  /// Every type of blueprint that a file may contain, in the order in which they expand.
  public static let blueprints: [any Blueprint.Type] = Sections.blueprints.map { $0.type }
}

enum Sections {
  /// The registry: every section, in the order in which files are read and written and messages
  /// list them. A section may depend on those before it.
  static let all: [any SectionReader.Type] = [
    SysctlSection.self, LinkSection.self, WireGuardSection.self, AddressSection.self,
    NeighborSection.self, NexthopSection.self, RouteSection.self, RuleSection.self,
    NftablesSection.self, IPVSSection.self, NodesSection.self, ProbeSection.self, VRRPSection.self,
    SignalsSection.self,
    GatewaysReader.self, ServicesReader.self, GatewayReader.self, DDNSSection.self,
  ]

  static let blueprints: [any BlueprintReader.Type] = all.compactMap {
    $0 as? any BlueprintReader.Type
  }
}

/// The keys of the file itself: the sections, and what comes before them.
struct FileKey: ObjectKey {
  let rawValue: Int

  init?(rawValue: Int) {
    guard Self.names.indices.contains(rawValue) else { return nil }
    self.rawValue = rawValue
  }

  /// The key with this name, which must be one of ``names``.
  init(_ name: String) { rawValue = Self.names.firstIndex(of: name)! }

  // Editors look for the JSON Schema under the first key; the second is a comment.
  static let schema = FileKey("$schema")
  static let comment = FileKey("$comment")
  static let version = FileKey("version")

  static let names =
    ["$schema", "$comment", "version", ParameterSection.key] + Sections.all.map { $0.key }
  static var allCases: [FileKey] { names.indices.map { FileKey(rawValue: $0)! } }
  static let example = "{ \"version\": 1, \"links\": [...] }"
}

extension ObjectReader<FileKey> {
  mutating func contents() -> Contents {
    var contents = Contents()
    _ = optional(.schema, .plainText)
    _ = optional(.comment, .plainText)
    _ = required(.version, .uint8(1, to: 1), ": write \"version\": 1")
    for section in Sections.all { section.read(&self, into: &contents) }
    return contents
  }
}
