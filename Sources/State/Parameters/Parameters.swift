/// A file's parameters, with their values.
struct Parameters {
  enum Origin {
    case commandLine, environment, `default`
  }

  struct Parameter {
    /// Nil if it has none, or a wrong one, which has been reported.
    var value: ParameterValue?
    var origin = Origin.default
  }

  private(set) var byName: [String: Parameter] = [:]
  /// Whether the section could be read, so that a name that isn't in it is a mistake.
  var isComplete = true

  mutating func declare(_ name: String, _ parameter: Parameter) { byName[name] = parameter }

  subscript(name: String) -> Parameter? { byName[name] }
  var names: [String] { byName.keys.sorted() }

  /// `INDEX is 300, from the environment`.
  ///
  /// Texts aren't shown: they may be secrets.
  func origin(of name: String) -> String? {
    guard let parameter = byName[name], let value = parameter.value else { return nil }
    let source =
      switch parameter.origin {
      case .commandLine: "from --set"
      case .environment: "from the environment"
      case .default: "by default"
      }
    return parameter.isSecret
      ? "\(name) is a string \(source), which isn't shown" : "\(name) is \(value.text), \(source)"
  }
}

extension Parameters.Parameter {
  /// Whether the value may be a secret: a text that isn't in the file.
  var isSecret: Bool {
    guard case .text(let text) = value, !text.isEmpty else { return false }
    return origin != .default
  }
}
