/// Which machines a part of a file is for: one file serves many nodes, each of which takes what is meant
/// for it.
public struct NodeSelection: InputDeclaration {
  public var name: String
  /// Patterns with `*` and `?`, one of which the node's name must match; nil: any name.
  public var hostNames: [String]?
  /// What each of these labels must be.
  public var labels: [String: LabelTest]
  /// Where the node's labels are.
  public var file: String

  public enum LabelTest: Hashable, Sendable {
    case oneOf([String])
    /// Present, whatever its value is.
    case present
  }

  public static let usualFile = "/etc/vpn-gateway/labels"

  public init(_ name: String) {
    self.name = name
    labels = [:]
    file = Self.usualFile
  }

  public var signal: Signal { Signal(.node, name) }

  public var needsLabels: Bool { !labels.isEmpty }

  /// Whether the machine is one of them, as far as its name tells.
  public func includes(hostName: String) -> Bool {
    hostNames?.contains { $0.matches(hostName) } ?? true
  }

  /// Why the labels exclude the machine; nil if they don't.
  public func objection(to labels: [String: String]) -> String? {
    for (label, test) in self.labels.sorted(by: { $0.key < $1.key }) {
      guard let value = labels[label] else { return "it has no label \(label)" }
      if case .oneOf(let values) = test, !values.contains(value) {
        return "its label \(label) is \"\(value)\""
      }
    }
    return nil
  }
}

extension String {
  /// Whether a name fits this pattern: `*` stands for any text, `?` for one character.
  fileprivate func matches(_ name: String) -> Bool {
    let (pattern, name) = (Array(self), Array(name))
    var (place, position) = (0, 0)
    // Where the last `*` was, and how much of the name it has taken.
    var star: (place: Int, position: Int)?
    while position < name.count {
      if place < pattern.count, pattern[place] == "*" {
        star = (place, position)
        place += 1
      } else if place < pattern.count, pattern[place] == "?" || pattern[place] == name[position] {
        place += 1
        position += 1
      } else if let last = star {
        star = (last.place, last.position + 1)
        (place, position) = (last.place + 1, last.position + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == "*" }
  }
}

/// The labels of a node, as the Kubernetes downward API writes them: `key="value"` a
/// line, or plainly `key=value`.
public struct NodeLabels: Hashable, Sendable {
  public private(set) var values: [String: String] = [:]

  public struct Malformed: Error, CustomStringConvertible {
    public let line: Int
    public var description: String { "line \(line) is no key=\"value\"" }
  }

  public init(_ bytes: [UInt8]) throws(Malformed) {
    let lines = String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let line = line.drop { $0 == " " || $0 == "\t" }
      if line.isEmpty || line.first == "#" { continue }
      guard let equals = line.firstIndex(of: "="), equals != line.startIndex,
        let value = Self.value(line[line.index(after: equals)...])
      else { throw Malformed(line: index + 1) }
      values[String(line[..<equals])] = value
    }
  }

  /// A label's value is of letters, digits, `-`, `_` and `.`, which Go's %q never escapes.
  private static func value(_ text: Substring) -> String? {
    var text = text
    while text.last?.isWhitespace ?? false { text.removeLast() }
    guard text.first == "\"" else { return text.contains("\"") ? nil : String(text) }
    guard text.count >= 2, text.last == "\"" else { return nil }
    let inner = text.dropFirst().dropLast()
    return inner.contains("\"") || inner.contains("\\") ? nil : String(inner)
  }
}
