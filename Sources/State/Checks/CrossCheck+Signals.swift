internal import JSON
internal import Model

extension CrossCheck {
  /// Every signal that a condition names must have a source.
  func checkSignals() {
    let sections = Dictionary(
      Sections.all.compactMap { section in section.source.map { ($0, section) } },
      uniquingKeysWith: { first, _ in first })
    let names = sections.mapValues { $0.signals(self) }
    for (signal, pointer) in findings.namedSignals {
      let source = signal.source.rawValue
      guard let section = sections[signal.source] else {
        findings.report(
          at: pointer, "\"\(signal)\" is said by nothing: there is no section \"\(source)\" yet")
        continue
      }
      guard let names = names[signal.source] ?? nil, !names.declared.contains(signal.name),
        !names.unread.contains(signal.name)
      else { continue }
      let nearest = Spelling.nearest(to: signal.name, among: names.declared.sorted())
      findings.report(
        at: pointer,
        "\(names.noun) \(quoted(signal.name)) isn't declared in \"\(section.key)\""
          + (nearest.map { "; did you mean \"\(source).\($0)\"?" } ?? ""))
    }
  }
}
