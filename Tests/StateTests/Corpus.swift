import State
import TestSupport

/// The state files that both the decoder and the schema are tested with.
enum Corpus {
  static let checkout = String(#filePath.dropLast("/Tests/StateTests/Corpus.swift".count))
  static let directory = checkout + "/Tests/StateTests/Corpus/"

  /// Valid files, each with a feature.
  static let good = names(in: "good")
  /// Invalid files, each with a mistake that the schema finds too; the messages for `x.json` are in
  /// `x.txt`.
  static let bad = names(in: "bad")
  /// Files that aren't JSON.
  static let syntax = names(in: "bad/syntax")
  /// Invalid files whose mistake no schema can find.
  static let beyondSchema = names(in: "bad/beyond-schema")

  /// The environment that the files' parameters come from.
  static let parameters = ParameterSources { name in
    environment[name].map { Array($0.utf8) } ?? (name == "BYTES" ? [0xFF] : nil)
  }
  private static let environment = [
    "INDEX": "3", "PORT": "51820", "LINK": "vpn-gw-veth0", "ROUTER": "192.168.26.254",
    "SUBNET": "192.168.24.0/22", "TOKEN": "correct-horse-battery", "WORD": "three", "EMPTY": "",
    "OCTAL": "010", "HUGE": "9223372036854775807",
  ]

  private static func names(in folder: String) -> [String] {
    // A missing folder is an empty list, about which a test complains.
    (try? fileNames(in: directory + folder, ending: ".json"))?.map { "\(folder)/\($0)" } ?? []
  }

  static func bytes(_ name: String) throws -> [UInt8] { try readFile(directory + name) }
}
