public import JSON
public import Model

/// The file that states what a machine's network should be (`schemas/state.json`).
public enum StateFile {
  /// Reads what the file asks for; throws every mistake in it.
  ///
  /// Without `checkingTogether` each object is checked on its own: what a kernel has may be more
  /// than a file may ask for. What `surroundings` lack of what the file names is a problem of the file; without
  /// them it isn't asked for.
  public static func decode(
    _ bytes: [UInt8], names: Names = Names(), checkingTogether: Bool = true,
    surroundings: (any Surroundings)? = nil
  ) throws(Problems) -> DesiredState {
    let document: Document
    do throws(SyntaxError) {
      document = try Document(bytes, allowsComments: true)
    } catch {
      let sentence = OtherLanguage(bytes)?.sentence ?? error.sentence
      throw Problems(list: [Problem(place: error.place, pointer: nil, message: sentence)])
    }
    let findings = Findings(names: names)
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
    .object(
      [("version", 1)]
        + Sections.all.compactMap { section in section.tree(state).map { (section.key, $0) } })
  }
}
