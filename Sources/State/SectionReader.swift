internal import JSON
public import Model

/// How a section of the state file is read and checked.
protocol SectionReader: SendableMetatype {
  /// Reads it after the sections that stand before it in the registry.
  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents)
  /// Finds what contradicts the rest of the file.
  static func check(_ check: CrossCheck)
}

extension SectionReader {
  static func check(_ check: CrossCheck) {}
}

/// A section that is a blueprint.
protocol BlueprintReader: SectionReader {
  associatedtype Read: Blueprint
}

extension BlueprintReader {
  static var type: any Blueprint.Type { Read.self }
  static var section: String { Read.section }
}

extension StateFile {
  /// Every type of blueprint that a file may state.
  public static let blueprints: [any Blueprint.Type] = Sections.blueprints.map { $0.type }
}

enum Sections {
  /// The registry of blueprints, in the order in which they expand.
  static let blueprints: [any BlueprintReader.Type] = [GatewaysReader.self, ServicesReader.self]
}
