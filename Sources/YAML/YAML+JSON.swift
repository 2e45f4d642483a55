public import JSON

extension YAML {
  /// A JSON value, with the line of the document's beginning: a JSON parser of its own takes what YAML's
  /// doesn't, such as surrogate pairs.
  public init(_ value: JSON.Value, line: Int = 1) {
    let content: Content =
      switch value.kind {
      case .object:
        .map(value.members!.map { ($0.key, YAML($0.value, line: line)) })
      case .array: .list(value.elements!.map { YAML($0, line: line) })
      case .string: .scalar(value.string!, isPlain: false)
      case .integer: .scalar("\(value.integer!)", isPlain: true)
      case .real: .scalar("\(value.real!)", isPlain: true)
      case .bool: .scalar(value.bool! ? "true" : "false", isPlain: true)
      case .null: .scalar("null", isPlain: true)
      }
    self.init(content, line: line)
  }
}
