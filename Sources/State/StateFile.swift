public import JSON
public import Model

/// The file that states what a machine's network should be (`schemas/state.json`).
public enum StateFile {
  /// Reads what the file asks for; throws every mistake in it.
  ///
  /// Its parameters get their values from `parameters`. Without `checkingTogether` each object is
  /// checked on its own: what a kernel has may be more than a file may ask for. What `surroundings` lack of what the file names is a problem of the file; without
  /// them it isn't asked for.
  public static func decode(
    _ bytes: [UInt8], names: Names = Names(), parameters: ParameterSources = ParameterSources(),
    checkingTogether: Bool = true, surroundings: (any Surroundings)? = nil
  ) throws(Problems) -> DesiredState {
    let document: Document
    do throws(SyntaxError) {
      document = try Document(bytes, allowsComments: true)
    } catch {
      let sentence = OtherLanguage(bytes)?.sentence ?? error.sentence
      throw Problems(list: [Problem(place: error.place, pointer: nil, message: sentence)])
    }
    let findings = Findings(names: names)
    let declared = ParameterSection.read(
      document.root[ParameterSection.key], parameters, findings)
    var substitution = Substitution(declared)
    substitution.run(on: document, findings)
    var file = ObjectReader<FileKey>(findings, "state file")
    var contents = Contents()
    if file.open(document.root) {
      contents = file.contents()
      if checkingTogether { CrossCheck(contents, findings).run() }
      if let surroundings { contents.complete(by: surroundings, findings) }
    }
    // The document comes last, which keeps its tree alive while readers hold values of it.
    let problems = findings.problems(in: document)
    guard problems.isEmpty else { throw Problems(list: problems) }
    return contents.desiredState
  }

  /// A file that decodes to these objects: sections in fixed order, objects sorted by identity.
  public static func encode(_ state: NetworkState) -> Tree {
    Tree.object(
      [("version", 1)]
        + Sections.all.compactMap { section in section.tree(state).map { (section.key, $0) } }
    ).escapingReferences
  }

  /// The names of the parameters that a file declares; nil if it can't be read as far as that.
  public static func parameterNames(_ bytes: [UInt8]) -> Set<String>? {
    guard let document = try? Document(bytes, allowsComments: true) else { return nil }
    defer { withExtendedLifetime(document) {} }
    guard let section = document.root[ParameterSection.key] else { return [] }
    return section.members.map { Set($0.map(\.key)) }
  }
}
