internal import Glibc

/// The names that this machine gives to numbers, in the files that iproute2 reads. Nothing else
/// reads these files.
///
/// libnl-route can't do it: it doesn't know `rt_tables.d/*.conf`, stops at the first line that it
/// doesn't understand, and can't list the names.
public struct NameTables {
  /// The machine's own files come before those that iproute2 6.5 and later install.
  private let directories: [String]

  public init(in directories: [String] = ["/etc/iproute2", "/usr/share/iproute2"]) {
    self.directories = directories
  }

  /// Routing tables by name: `rt_tables` and `rt_tables.d/*.conf`.
  public var tables: [String: UInt32] {
    let names = numbers(in: "rt_tables", withDirectory: true).filter { $0.number > 0 }
    return Dictionary(names.map { ($0.name, $0.number) }) { first, _ in first }
  }

  /// Routing protocols by name: `rt_protos` and `rt_protos.d/*.conf`.
  public var protocols: [String: UInt8] {
    let names = numbers(in: "rt_protos", withDirectory: true).filter { 1...255 ~= $0.number }
    return Dictionary(names.map { ($0.name, UInt8($0.number)) }) { first, _ in first }
  }

  /// The names in another file, such as `rt_realms`, by number.
  public func names(in file: String) -> [UInt32: String] {
    Dictionary(numbers(in: file).map { ($0.number, $0.name) }) { first, _ in first }
  }

  // MARK: - Files

  private func numbers(
    in file: String, withDirectory: Bool = false
  ) -> [(number: UInt32, name: String)] {
    var names = directories.lazy.compactMap { Self.read("\($0)/\(file)") }.first ?? []
    guard withDirectory else { return names }
    var seen: Set<String> = []
    for directory in directories.map({ "\($0)/\(file).d" }) {
      for part in Self.parts(of: directory) where seen.insert(part).inserted {
        names += Self.read("\(directory)/\(part)") ?? []
      }
    }
    return names
  }

  private static func parts(of directory: String) -> [String] {
    (entries(of: directory) ?? []).filter { $0.hasSuffix(".conf") && !$0.hasPrefix(".") }
  }

  /// Nil if there is no such file.
  private static func read(_ path: String) -> [(number: UInt32, name: String)]? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var names: [(number: UInt32, name: String)] = []
    var buffer = [CChar](repeating: 0, count: 512)
    while fgets(&buffer, CInt(buffer.count), file) != nil {
      let line = String(
        decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      if let entry = entry(line) { names.append(entry) }
    }
    return names
  }

  /// `NUMBER NAME`, and anything after it; nil for any other line.
  private static func entry(_ line: String) -> (number: UInt32, name: String)? {
    let words = line.split(maxSplits: 2, whereSeparator: \.isWhitespace)
    guard words.count >= 2, let number = number(words[0]), !words[1].hasPrefix("#") else {
      return nil
    }
    return (number, String(words[1]))
  }

  private static func number(_ text: Substring) -> UInt32? {
    text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
  }
}
