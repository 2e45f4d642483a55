internal import JSON
internal import Model

/// Puts the parameters' values into a file's strings, before anything else reads them.
struct Substitution {
  /// A string that had references.
  struct Substituted {
    /// As it is in the file.
    var source: String
    /// Nil: it couldn't be evaluated, which has been reported, and stays as it is in the file.
    var result: Tree?
    var names: [String]
  }

  let parameters: Parameters
  private(set) var strings: [Pointer: Substituted] = [:]

  init(_ parameters: Parameters) { self.parameters = parameters }

  /// The findings keep the substitution from then on, which therefore must not keep them.
  mutating func run(on document: Document, _ findings: Findings) {
    let found = document.strings(containing: "${")
    for pointer in found.keys where !Self.isApart(pointer) { refuse(keyAt: pointer, findings) }
    var used: Set<String> = []
    for (pointer, text) in found.values where !Self.isApart(pointer) {
      let (names, malformed) = Interpolation.references(in: text)
      used.formUnion(names)
      let mistakes = malformed.map(Self.mistake(malformed:)) + names.compactMap(mistake(naming:))
      for mistake in mistakes { findings.report(at: pointer, mistake) }
      if let reason = Self.fixed(pointer), !names.isEmpty { findings.report(at: pointer, reason) }
      let isKnown = names.allSatisfy { parameters[$0]?.value != nil }
      strings[pointer] = Substituted(source: text, result: nil, names: names)
      guard mistakes.isEmpty, isKnown, Self.fixed(pointer) == nil || names.isEmpty else { continue }
      var interpolation = Interpolation(text, parameters)
      do throws(Mismatch) {
        let result = try interpolation.evaluate()
        strings[pointer]!.result = result
        document.replace(pointer, by: result)
      } catch {
        findings.report(at: pointer, error.message + origins(of: names))
      }
    }
    for name in parameters.names where !used.contains(name) {
      findings.report(
        at: [.key(ParameterSection.key), .key(name)], part: .key,
        "\(quoted(name)) isn't used: write ${\(name)} in a value, or remove it")
    }
    findings.take(self)
  }

  /// `; here INDEX is 300, from the environment`.
  func origins(of names: [String]) -> String {
    let origins = names.compactMap(parameters.origin)
    return origins.isEmpty ? "" : "; here " + origins.joined(separator: "; ")
  }

  // MARK: - Where nothing is substituted

  /// Declarations, and what isn't read anyway.
  private static func isApart(_ pointer: Pointer) -> Bool {
    guard case .key(let key)? = pointer.components.first else { return false }
    return [ParameterSection.key, "$schema", "$comment"].contains(key)
      || key != NftablesSection.key && isNote(pointer)
  }

  private static func isNote(_ pointer: Pointer) -> Bool {
    guard pointer.components.last == .key(commentKey) else { return false }
    // There it is a name.
    return ![.key("headers"), .key("labels")].contains(pointer.components.dropLast().last)
  }

  /// Why this value can't have a parameter; nil if it can.
  private static func fixed(_ pointer: Pointer) -> String? {
    switch pointer.components.last {
    case .key("type"): "\"type\" can't have a parameter: it decides which keys belong beside it"
    case .key("version"): "\"version\" can't have a parameter: it decides how the rest is read"
    default: nil
    }
  }

  private func refuse(keyAt pointer: Pointer, _ findings: Findings) {
    guard case .key(let key)? = pointer.components.last else { return }
    for name in Interpolation.references(in: key).names where parameters[name] != nil {
      findings.report(
        at: pointer, part: .key,
        "${\(name)} stands in a key: parameters are put into values only")
    }
  }

  // MARK: - Mistakes

  private static func mistake(malformed text: String) -> String {
    "\(quoted(text)) is no reference to a parameter: write ${NAME}; for the text itself, $${"
  }

  private func mistake(naming name: String) -> String? {
    guard parameters.isComplete, parameters[name] == nil else { return nil }
    let hint =
      Spelling.nearest(to: name, among: parameters.names).map { "; did you mean ${\($0)}?" }
      ?? ": declare it under \"parameters\", or write $${\(name)} for the text itself"
    return "no parameter \(name)" + hint
  }
}

extension Substitution {
  /// Whether a problem at the pointer, or at what is above or below it, was reported here already.
  func isReported(at pointer: Pointer) -> Bool {
    var above = pointer
    while true {
      if let string = strings[above], string.result == nil { return true }
      if above.components.popLast() == nil { return false }
    }
  }

  /// The message without secrets; one about a value, with where it came from.
  func explained(_ message: String, at pointer: Pointer?) -> String {
    guard let string = pointer.flatMap({ strings[$0] }) else { return redacted(message) }
    var message = message
    if case .string(let text)? = string.result, string.names.contains(where: isSecret) {
      message = message.replacing(quoted(text), with: quoted(string.source))
    }
    return redacted(message) + origins(of: string.names)
  }

  private func isSecret(_ name: String) -> Bool { parameters[name]?.isSecret ?? false }

  /// The message with references instead of texts from outside of the file.
  private func redacted(_ message: String) -> String {
    parameters.names.filter(isSecret).reduce(message) { message, name in
      let text = parameters[name]!.value!.text
      // Shorter texts are words of messages, and no secrets.
      guard text.utf8.count >= 4 else { return message }
      return message.replacing(text, with: "${\(name)}")
        .replacing(text.visible(limit: 63), with: "${\(name)}")
    }
  }
}
