import Model

extension DesiredState {
  /// What blueprints have to do without on this kernel, and what they don't guard.
  func notes(in observed: NetworkState) -> [Trouble] {
    blueprints.flatMap { $0.notes(in: observed) }
  }

  /// What blueprints can't do as the file says it, though it looks so.
  var mistakes: [Trouble] { blueprints.flatMap { $0.mistakes(in: self) } }

  /// The objects and parts of blueprints that unknown signals decide about.
  func undecidedNames(given signals: [Signal: Signal.State]) -> [String] {
    let parts = blueprints.flatMap(\.parts).filter { part in
      part.signals.contains { signals[$0] ?? .unknown == .unknown }
    }
    return undecided(given: signals).map { "\($0.object.id)" } + parts.map(\.name)
  }
}
