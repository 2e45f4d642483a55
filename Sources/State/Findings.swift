internal import JSON
internal import Model

/// The problems met so far, and the way to the value that is being read.
// A class: every reader of a file adds to the same list.
final class Findings: NftablesSink {
  /// What a problem points at.
  enum Part {
    case key, value
  }

  /// A problem before its place is known, which costs a walk over the whole text.
  struct Draft {
    var pointer: Pointer
    var part: Part
    var message: String
  }

  let names: Names
  private(set) var drafts: [Draft] = []
  // Changed in place all the time; becomes a pointer only when there is something to say.
  private var path: [Pointer.Component] = []

  init(names: Names) {
    self.names = names
  }

  /// The signals that conditions name, and where.
  private(set) var namedSignals: [(signal: Signal, pointer: Pointer)] = []

  /// Notes that the present value is a signal's name.
  func note(_ signal: Signal) { namedSignals.append((signal, Pointer(path))) }

  func report(_ message: String, at pointer: Pointer) { report(at: pointer, message) }

  func enter(_ component: Pointer.Component) { path.append(component) }
  func leave() { path.removeLast() }

  /// About what stands below the present value, or about that itself.
  func report(_ message: String, below: Pointer.Component..., part: Part = .value) {
    report(at: Pointer(path + below), part: part, message)
  }

  func report(at pointer: Pointer, part: Part = .value, _ message: String) {
    drafts.append(Draft(pointer: pointer, part: part, message: message))
  }

  /// In the order of the text.
  func problems(in document: Document) -> [Problem] {
    // Each question costs the document a walk over the text.
    let duplicates = document.duplicates
    if drafts.isEmpty, duplicates.isEmpty { return [] }
    let located = locate(drafts, in: document)
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
    // What is read into something else than it is written as (a list of one hop becomes the hop)
    // has no place of its own, but what holds it has.
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

/// As a message shows a text of the file: on one line, and not all of a long one.
func quoted(_ text: String) -> String { "\"" + text.visible(limit: 63) + "\"" }
