import TestSupport

extension RuleCase {
  /// `Cases/NAME.txt`: a head `[FAMILIES: HOOK]`, then rules for each of these families.
  ///
  /// Lines that begin with `+` are in the table of all rules up to the next head; what follows
  /// `with` is in the table of that rule alone.
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
        let parts = line.split(separator: " with ", maxSplits: 1)
        let hasSet = parts.count == 2 && (parts[1].hasPrefix("set ") || parts[1].hasPrefix("map "))
        cases += each(
          String(families), hook: String(hook), with: hasSet ? String(parts[1]) : with,
          [String(hasSet ? parts[0] : line)])
      }
    }
    return cases
  }

  static let fileCases = join(
    [
      "link", "network", "transport", "exthdr", "meta", "ct", "kernel", "mangle", "statements",
    ].map(file))
}
