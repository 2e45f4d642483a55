import Model

/// The carriers of links, as each pass observes them.
struct LinkInput: Input {
  func states(in observed: NetworkState, for desired: DesiredState) -> [Signal: Signal.State] {
    desired.linkSignals(in: observed)
  }
}
