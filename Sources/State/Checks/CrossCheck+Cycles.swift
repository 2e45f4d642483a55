internal import JSON
internal import Model

extension CrossCheck {
  /// A signal that waits for itself never changes.
  func checkDerivedSignals() {
    var sources: [Signal: Set<Signal>] = [:]
    for input in contents.inputs { sources[input.signal] = input.tracked }
    let derived = contents.blueprints.flatMap { blueprint in
      blueprint.derivedSignals.map { (section: type(of: blueprint).section, signal: $0) }
    }
    for (_, signal) in derived { sources[signal.signal] = signal.derivation.signals }
    var seen: Set<Signal> = []
    for (section, signal) in derived {
      guard let cycle = cycle(from: signal.signal, by: sources, &seen) else { continue }
      let needs = cycle.dropFirst().map { "needs \"\($0)\"" }.joined(separator: ", which ")
      findings.report(
        at: Pointer([.key(section)]),
        "\"\(cycle[0])\" waits for itself: it \(needs)")
    }
  }

  /// The first cycle that is reached from a signal, from its first signal back to it; marks all signals on
  /// the way as seen.
  private func cycle(
    from start: Signal, by sources: [Signal: Set<Signal>], _ seen: inout Set<Signal>
  ) -> [Signal]? {
    var path: [Signal] = []
    func follow(_ signal: Signal, _ seen: inout Set<Signal>) -> [Signal]? {
      if let first = path.firstIndex(of: signal) { return path[first...] + [signal] }
      guard seen.insert(signal).inserted else { return nil }
      path.append(signal)
      defer { path.removeLast() }
      for source in (sources[signal] ?? []).sorted() {
        if let found = follow(source, &seen) { return found }
      }
      return nil
    }
    return follow(start, &seen)
  }
}
