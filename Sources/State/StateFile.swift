public import JSON
public import Model

/// The file that says what a machine's network should be (`schemas/state.json`).
public enum StateFile {
  /// What the file asks for, or everything that is wrong with it.
  ///
  /// Without `checkingTogether`, objects are read one by one: what a kernel has need not be what a
  /// file may ask for.
  public static func decode(
    _ bytes: [UInt8], names: Names = Names(), checkingTogether: Bool = true
  ) throws(Problems) -> DesiredState {
    let document: Document
    do throws(SyntaxError) {
      document = try Document(bytes)
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
    }
    // Asks the document last, and so keeps the tree of which the readers hold values.
    let problems = findings.problems(in: document)
    guard problems.isEmpty else { throw Problems(list: problems) }
    return contents.desiredState
  }

  /// The file that decodes to the objects: sections in fixed order, objects by identity.
  public static func encode(_ state: NetworkState) -> Tree {
    .object(
      [("version", 1)]
        + Sections.all.compactMap { section in section.tree(state).map { (section.key, $0) } })
  }
}
