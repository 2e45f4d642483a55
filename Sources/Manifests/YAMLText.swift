internal import JSON

extension Tree {
  /// The value as a YAML document in block style, ending with a newline.
  ///
  /// Texts of several lines become literal blocks; a member called `#` becomes a comment.
  var yaml: String {
    var writer = YAMLWriter()
    writer.write(self, indent: 0)
    return writer.lines.map { $0 + "\n" }.joined()
  }
}

private struct YAMLWriter {
  var lines: [String] = []

  mutating func write(_ tree: Tree, indent: Int) {
    switch tree {
    case .object(let members):
      for (key, value) in members { write(key, value, indent: indent) }
    case .array(let elements):
      for element in elements { write(element: element, indent: indent) }
    default: lines.append(pad(indent) + scalar(tree))
    }
  }

  private mutating func write(_ key: String, _ value: Tree, indent: Int) {
    if key == "#", case .string(let comment) = value {
      lines += comment.split(separator: "\n").map { pad(indent) + "# " + $0 }
      return
    }
    let head = pad(indent) + plain(key) + ":"
    switch value {
    case .object(let members) where members.isEmpty: lines.append(head + " {}")
    case .array(let elements) where elements.isEmpty: lines.append(head + " []")
    case .object, .array:
      lines.append(head)
      write(value, indent: indent + 2)
    case .string(let text) where text.contains("\n"):
      lines.append(head + " |" + (text.hasSuffix("\n") ? "" : "-"))
      lines += block(text, indent: indent + 2)
    default: lines.append(head + " " + scalar(value))
    }
  }

  private mutating func write(element: Tree, indent: Int) {
    switch element {
    case .object(let members) where !members.isEmpty:
      let start = lines.count
      write(element, indent: indent + 2)
      lines[start] = pad(indent) + "- " + lines[start].dropFirst(indent + 2)
    case .string(let text) where text.contains("\n"):
      lines.append(pad(indent) + "- |" + (text.hasSuffix("\n") ? "" : "-"))
      lines += block(text, indent: indent + 2)
    default: lines.append(pad(indent) + "- " + scalar(element))
    }
  }

  private func block(_ text: String, indent: Int) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { $0.isEmpty ? "" : pad(indent) + $0 }
  }

  private func pad(_ count: Int) -> String { String(repeating: " ", count: count) }

  private func scalar(_ tree: Tree) -> String {
    if case .string(let text) = tree { return plain(text) }
    return tree.compact
  }

  /// Quoted unless YAML 1.1 and 1.2 both read it as this string: JSON's strings are YAML's.
  private func plain(_ text: String) -> String {
    let isWord = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./@+".utf8.contains(byte)
      }
    }
    let first = text.utf8.first ?? 0
    let isLetter = first | 0x20 >= UInt8(ascii: "a") && first | 0x20 <= UInt8(ascii: "z")
    let others = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"]
    let isSafe =
      isWord && (isLetter || first == UInt8(ascii: "/")) && !others.contains(text.lowercased())
    return isSafe ? text : Tree.string(text).compact
  }
}
