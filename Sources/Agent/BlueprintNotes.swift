import Model

extension DesiredState {
  /// What blueprints lack on this kernel, and what they don't protect.
  func notes(in observed: NetworkState) -> [Trouble] {
    blueprints.flatMap { $0.notes(in: observed) }
  }

  /// What the file asks of blueprints that can't work as it is meant.
  var mistakes: [Trouble] { blueprints.flatMap { $0.mistakes(in: self) } }

  /// The objects and parts of blueprints that depend on unknown signals.
  func undecidedNames(given signals: [Signal: Signal.State]) -> [String] {
    let parts = blueprints.flatMap(\.parts).filter { $0.isUndecided(given: signals) }
    return undecided(given: signals).map { "\($0.object.id)" } + parts.map(\.name)
  }
}
