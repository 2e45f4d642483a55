internal import JSON
internal import Model

enum ParameterKey: Int, ObjectKey {
  case type, from, min, max, `default`

  static let names = spelledNames()
  static let example = "{ \"type\": \"integer\", \"from\": \"environment\" }"
}

/// The section that declares parameters. It is read before all others, and nothing is substituted in it.
enum ParameterSection {
  static let key = "parameters"

  static func read(
    _ section: JSON.Value?, _ sources: ParameterSources, _ findings: Findings
  ) -> Parameters {
    var parameters = Parameters()
    if let section {
      findings.enter(.key(key))
      if let members = section.members {
        for (name, declaration) in members
        where name != commentKey || declaration.kind != .string {
          findings.enter(.key(name))
          let parameter = parameter(called: name, declaration, sources, findings)
          if isName(name) { parameters.declare(name, parameter) }
          findings.leave()
        }
      } else {
        let example = "an object such as { \"INDEX\": \(ParameterKey.example) }"
        findings.report(Mismatch(section, mustBe: example).message)
        parameters.isComplete = false
      }
      findings.leave()
    }
    for name in sources.stated.keys.sorted()
    where parameters.isComplete && parameters[name] == nil {
      findings.report(
        at: [.key(key)],
        "--set \(name): no such parameter"
          + (parameters.names.isEmpty
            ? "; the file declares none"
            : Spelling.hint(name, among: parameters.names, called: "the parameters")))
    }
    return parameters
  }

  private static func parameter(
    called name: String, _ declaration: JSON.Value, _ sources: ParameterSources,
    _ findings: Findings
  ) -> Parameters.Parameter {
    if !isName(name) {
      findings.report(
        "\(quoted(name)) is no parameter's name: letters, digits and _, no digit first, 63 at most",
        part: .key)
    }
    var reader = ObjectReader<ParameterKey>(findings, "parameter")
    guard reader.open(declaration) else { return .init() }
    let type = reader.required(.type, WordForm(ParameterType.self, \.rawValue))
    let isFromEnvironment = reader.optional(.from, WordForm([("environment", true)])) ?? false
    guard let type else { return .init() }
    let range = reader.range(of: type)
    let fallback = reader.fallback(type, range)
    guard reader.isSound else { return .init() }

    func read(_ text: String?, _ origin: Parameters.Origin, _ source: String)
      -> Parameters.Parameter
    {
      if let value = text.flatMap({ type.value($0, in: range) }) {
        return .init(value: value, origin: origin)
      }
      let found =
        switch text {
        case nil: "not other bytes"
        case "": "not empty"
        case let text?: "not \(quoted(text))"
        }
      findings.report("must be \(type.noun(in: range)), \(found) (\(source))", part: .key)
      return .init()
    }
    if let text = sources.stated[name] { return read(text, .commandLine, "from --set") }
    if isFromEnvironment, let bytes = sources.environment(name) {
      return read(
        String(validating: bytes, as: UTF8.self), .environment, "from the environment")
    }
    if let fallback { return .init(value: fallback) }
    findings.report(
      (isFromEnvironment
        ? "not in the environment: set \(name) there, or give --set \(name)=\(type.example)"
        : "no value: give --set \(name)=\(type.example), or state \"default\""
          + " or \"from\": \"environment\""),
      part: .key)
    return .init()
  }

  /// Whether a shell takes it for a variable's name too.
  static func isName(_ name: String) -> Bool {
    let bytes = name.utf8
    return (1...63).contains(bytes.count) && !(48...57).contains(bytes.first!)
      && bytes.allSatisfy { Interpolation.isNameByte($0) }
  }
}

extension ObjectReader<ParameterKey> {
  /// The numbers that the parameter may be.
  fileprivate mutating func range(of type: ParameterType) -> ClosedRange<Int> {
    guard type.isNumber else {
      refuse([.min, .max]) { "\($0) belongs to integers and ports" }
      return type.limits
    }
    let form = ParameterNumberForm(type: type, range: type.limits)
    let least = optional(.min, form) ?? type.limits.lowerBound
    let most = optional(.max, form) ?? type.limits.upperBound
    guard least <= most else {
      report(.max, "must be at least \"min\", which is \(least)")
      return type.limits
    }
    return least...most
  }

  fileprivate mutating func fallback(
    _ type: ParameterType, _ range: ClosedRange<Int>
  ) -> ParameterValue? {
    if type.isNumber {
      return optional(.default, ParameterNumberForm(type: type, range: range)).map(
        ParameterValue.integer)
    }
    let what = type == .string ? "a string" : type.noun(in: range)
    return optional(
      .default,
      TextForm<String>(what: what) { text throws(Mismatch) in
        guard type.value(text, in: range) != nil else {
          throw Mismatch("must be \(what), not \(quoted(text))")
        }
        return text
      }
    ).flatMap { type.value($0, in: range) }
  }
}

private struct ParameterNumberForm: Form {
  let type: ParameterType
  let range: ClosedRange<Int>

  func read(_ value: JSON.Value) throws(Mismatch) -> Int {
    guard let number = value.integer, range.contains(number) else {
      throw Mismatch(value, mustBe: type.noun(in: range))
    }
    return number
  }
}
