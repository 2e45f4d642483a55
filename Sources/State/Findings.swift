internal import JSON
internal import Model

/// The problems found so far, and the path to the value that is being read.
// A class: all readers of a file add to the same list.
final class Findings: NftablesSink {
  /// What of a value a problem points at.
  enum Part {
    case key, value
  }

  /// A problem without its place, which takes a walk over the whole text to find.
  struct Draft {
    var pointer: Pointer
    var part: Part
    var message: String
  }

  let names: Names
  private(set) var drafts: [Draft] = []
  /// What came of references to parameters, and how many problems were found by then.
  private var substitution: (Substitution, count: Int)?
  // Changed in place all the time; it becomes a pointer only when there is something to report.
  private var path: [Pointer.Component] = []

  init(names: Names) {
    self.names = names
  }

  /// The signals that conditions name, with where they do.
  private(set) var namedSignals: [(signal: Signal, pointer: Pointer)] = []

  /// Records that the current value is a signal's name.
  func note(_ signal: Signal) { namedSignals.append((signal, Pointer(path))) }

  func report(_ message: String, at pointer: Pointer) { report(at: pointer, message) }

  func enter(_ component: Pointer.Component) { path.append(component) }
  func leave() { path.removeLast() }

  /// Reports a problem with the current value, or with what is below it.
  func report(_ message: String, below: Pointer.Component..., part: Part = .value) {
    report(at: Pointer(path + below), part: part, message)
  }

  func report(at pointer: Pointer, part: Part = .value, _ message: String) {
    drafts.append(Draft(pointer: pointer, part: part, message: message))
  }

  /// From here on, what is found concerns values that may come from parameters.
  func take(_ substitution: Substitution) { self.substitution = (substitution, drafts.count) }

  /// Without those that follow from a value that couldn't be substituted.
  private var explained: [Draft] {
    guard let (substitution, count) = substitution else { return drafts }
    let later = drafts[count...].filter {
      // A key is wrong whatever its value would be.
      $0.part == .key || !substitution.isReported(at: $0.pointer)
    }
    return drafts[..<count]
      + later.map { draft in
        var draft = draft
        draft.message = substitution.explained(
          draft.message, at: draft.part == .value ? draft.pointer : nil)
        return draft
      }
  }

  /// The problems in the order of the text.
  func problems(in document: Document) -> [Problem] {
    // Each of these calls walks over the text.
    let duplicates = document.duplicates
    if drafts.isEmpty, duplicates.isEmpty { return [] }
    let located = locate(explained, in: document)
    let repeated = duplicates.map {
      Problem(
        place: $0.place, pointer: $0.pointer,
        message: "repeated key \(quoted($0.pointer.lastKey)): state it once")
    }
    return (located + repeated).sorted { ($0.place, $0.message) < ($1.place, $1.message) }
  }

  private func locate(_ drafts: [Draft], in document: Document) -> [Problem] {
    let values = document.places(of: drafts.filter { $0.part == .value }.map(\.pointer))
    let keys = document.keyPlaces(of: drafts.filter { $0.part == .key }.map(\.pointer))
    var lost: [Draft] = []
    let problems = drafts.compactMap { draft in
      let place = (draft.part == .key ? keys : values)[draft.pointer]
      if place == nil { lost.append(draft) }
      return place.map { Problem(place: $0, pointer: draft.pointer, message: draft.message) }
    }
    // A value that was rewritten as it was read (a list of one hop became the hop) has no place of
    // its own, but what contains it has.
    guard !lost.isEmpty else { return problems }
    for position in lost.indices { _ = lost[position].pointer.components.popLast() }
    return problems + locate(lost, in: document)
  }
}

extension Pointer {
  fileprivate var lastKey: String {
    if case .key(let key) = components.last { key } else { "" }
  }
}

/// The text for a message: on one line, and cut if it is long.
func quoted(_ text: String) -> String { "\"" + text.visible(limit: 63) + "\"" }
