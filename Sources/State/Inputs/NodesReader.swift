internal import JSON
internal import Model

enum NodeKey: Int, ObjectKey {
  case hostname, labels, file

  static let names = spelledNames()
  static let example = "{ \"hostname\": \"edge-*\" }"
}

/// Which machines parts of the file are for.
enum NodesSection: SectionReader {
  static let key = "nodes"
  static let source: Signal.Source? = .node

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    let isRead = file.eachNamed(fileKey, nameForm) { findings, name, value in
      contents.nodeNames?.insert(name)
      var reader = ObjectReader<NodeKey>(findings, "node")
      guard reader.open(value) else { return }
      contents.inputs.append(reader.selection(named: name))
    }
    if !isRead, file.has(fileKey) { contents.nodeNames = nil }
  }

  static func signals(_ check: CrossCheck) -> SignalNames? {
    check.contents.nodeNames.map { SignalNames(noun: "node", declared: $0) }
  }

  private static let nameForm = TextForm.name(of: "node", most: 63)
}

extension ObjectReader<NodeKey> {
  fileprivate mutating func selection(named name: String) -> NodeSelection {
    var selection = NodeSelection(name)
    if !has(.hostname), !has(.labels) { report("a node needs \"hostname\" or \"labels\"") }
    selection.hostNames = oneOrMore(.hostname, hostNameForm)
    eachNamed(.labels, hasTexts: true) { findings, label, value in
      guard (1...317).contains(label.utf8.count), label.utf8.allSatisfy(\.isLabelCharacter) else {
        return findings.report(
          "\(quoted(label)) is no label: write its key, such as \"example.org/pool\"", part: .key)
      }
      do throws(Mismatch) {
        selection.labels[label] = try LabelTestForm().read(value)
      } catch {
        findings.report(error.message)
      }
    }
    if has(.labels), value(.labels)?.count == 0 { report(.labels, "must not be empty") }
    if let file = optional(.file, labelFileForm) { selection.file = file }
    if has(.file), !has(.labels) {
      refuse(.file, "\"file\" has labels, and this node states none")
    }
    return selection
  }
}

private let hostNameForm = TextForm<String>(
  what: "a host name, or a pattern such as \"edge-*\""
) { text throws(Mismatch) in
  let isSound = text.utf8.allSatisfy { $0.isAlphanumeric || "-_.*?".utf8.contains($0) }
  guard isSound, (1...253).contains(text.utf8.count) else {
    throw Mismatch(
      "\(quoted(text)) is no host name: letters, digits, \"-\", \"_\" and \".\", and \"*\" and "
        + "\"?\" for what may differ")
  }
  return text
}

private let labelFileForm = TextForm<String>(
  what: "the path of a file with labels"
) { text throws(Mismatch) in
  let path = try (TextForm<String>.plainText).parse(text)
  guard path.hasPrefix("/"), path.utf8.count < 4096 else {
    throw Mismatch("\(quoted(text)) is no absolute path")
  }
  return path
}

/// A value, a list of values one of which the label must have, or `true` for any value.
private struct LabelTestForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> NodeSelection.LabelTest {
    if value.bool == true { return .present }
    if let text = value.string { return .oneOf([try labelValueForm.parse(text)]) }
    guard let elements = value.elements, !elements.isEmpty else {
      throw Mismatch(
        value, mustBe: "a label's value, a list of values, or true for a label with any value")
    }
    var values: [String] = []
    for element in elements { values.append(try labelValueForm.read(element)) }
    return .oneOf(values)
  }
}

private let labelValueForm = TextForm<String>(what: "a label's value") { text throws(Mismatch) in
  guard text.utf8.count <= 63, text.utf8.allSatisfy(\.isLabelCharacter) else {
    throw Mismatch(
      "\(quoted(text)) is no label's value: at most 63 letters, digits, \"-\", \"_\" and \".\"")
  }
  return text
}

extension UInt8 {
  fileprivate var isLabelCharacter: Bool { isAlphanumeric || "-_./".utf8.contains(self) }
}
