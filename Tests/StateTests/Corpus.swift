import TestSupport

/// The state files that decoder and schema are both held against.
enum Corpus {
  static let checkout = String(#filePath.dropLast("/Tests/StateTests/Corpus.swift".count))
  static let directory = checkout + "/Tests/StateTests/Corpus/"

  /// Correct ones, each with a feature.
  static let good = names(in: "good")
  /// Wrong ones, each with a mistake that the schema tells as well; what is said about `x.json`
  /// stands in `x.txt`.
  static let bad = names(in: "bad")
  /// Those that are no JSON.
  static let syntax = names(in: "bad/syntax")
  /// Wrong ones that no schema can tell.
  static let beyondSchema = names(in: "bad/beyond-schema")

  private static func names(in folder: String) -> [String] {
    // A missing folder is an empty list, about which a test complains.
    (try? fileNames(in: directory + folder, ending: ".json"))?.map { "\(folder)/\($0)" } ?? []
  }

  static func bytes(_ name: String) throws -> [UInt8] { try readFile(directory + name) }
}
