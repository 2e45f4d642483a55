import TestSupport

extension RuleCase {
  /// `Cases/NAME.txt`: `[FAMILIES: HOOK]`, and below it rules for each of these families.
  ///
  /// Lines that begin with `+` stand in the table, as far as the next head.
  static func file(_ name: String) -> [RuleCase] {
    let folder = #filePath.dropLast("RuleCase+Files.swift".count)
    guard let bytes = try? readFile("\(folder)Cases/\(name).txt") else {
      fatalError("Cases/\(name).txt can't be read")
    }
    var (families, hook, with): (Substring, Substring, String) = ("", "", "")
    var cases: [RuleCase] = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      if line.hasPrefix("[") {
        let parts = line.dropFirst().dropLast().split(separator: ": ", maxSplits: 1)
        (families, hook, with) = (parts[0], parts.count == 2 ? parts[1] : "", "")
      } else if line.hasPrefix("+") {
        with += line.dropFirst() + "\n"
      } else if !line.hasPrefix("#") {
        cases += each(String(families), hook: String(hook), with: with, [String(line)])
      }
    }
    return cases
  }

  static let fileCases = join(
    [
      "link", "network", "transport", "exthdr", "meta", "ct", "kernel", "mangle", "statements",
      "objects",
    ].map(file))
}
