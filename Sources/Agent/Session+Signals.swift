import JSON
import Model
import State

extension Session {
  /// `vpngw expand FILE`: the plain kernel objects that the file stands for, as a state file.
  ///
  /// Reads no kernel, so that what isn't known is left out.
  public func expand(_ path: String, signals: [String] = []) throws -> Int32 {
    guard let declaration = try load(path) else { return Status.failed }
    let known = try self.signals(signals, for: declaration)
    Console.print(StateFile.encode(declaration.expanded(given: known)).text())
    tellUndecided(of: declaration, given: known, "left out")
    return Status.done
  }

  /// What is known of the file's signals before anything is observed: what `--signal` says.
  func signals(
    _ stated: [String], for declaration: Declaration
  ) throws -> [Signal: Signal.State] {
    var states: [Signal: Signal.State] = [:]
    for text in stated {
      guard let equals = text.lastIndex(of: "="),
        let state = Signal.State(rawValue: String(text[text.index(after: equals)...])),
        state != .unknown
      else { throw Failure("--signal \(text): write NAME=up or NAME=down") }
      let name = String(text[..<equals])
      guard let signal = Signal(name), declaration.signals.contains(signal) else {
        let names = declaration.signals.sorted().map(\.description)
        throw Failure(
          "--signal \(text): no such signal in the file; "
            + (names.isEmpty ? "it has none" : "there are " + names.joined(separator: ", ")))
      }
      guard states.updateValue(state, forKey: signal) ?? state == state else {
        throw Failure("--signal \(text): said to be the other before")
      }
    }
    return states
  }

  /// What the file asks for now, of a kernel that has been observed.
  func settle(
    _ declaration: Declaration, given signals: [Signal: Signal.State],
    keeping observed: Configuration
  ) -> Configuration {
    let all = signals.merging(declaration.linkSignals(in: observed)) { stated, _ in stated }
    tellUndecided(of: declaration, given: all)
    for key in declaration.gateways?.lacking(in: observed) ?? [] {
      Console.complain(
        "vpngw: \(key): this kernel has no such setting (Linux 6.11 has): two routers spread the "
          + "same flows differently\n")
    }
    return declaration.expanded(given: all, keeping: observed)
  }

  /// Says what isn't known: else somebody may wonder why a plan lacks it.
  func tellUndecided(
    of declaration: Declaration, given signals: [Signal: Signal.State],
    _ fate: String = "left as it is"
  ) {
    let isUnknown = { signals[$0] ?? .unknown == .unknown }
    let gateways = declaration.gateways?.members.filter { isUnknown($0.signal) } ?? []
    let undecided =
      declaration.undecided(given: signals).map { "\($0.object.id)" }
      + gateways.map { "gateway \($0.name)" }
      + declaration.services.list.filter { $0.signals.contains(where: isUnknown) }.map {
        "service \($0.name)"
      }
    if undecided.isEmpty { return }
    let unknown = declaration.decidingSignals.filter(isUnknown)
    Console.complain(
      "vpngw: not known: \(unknown.sorted().map(\.description).few); what they decide is \(fate) "
        + "(--signal NAME=up or NAME=down tells): \(undecided.few)\n")
  }
}

extension [String] {
  /// As many as somebody reads.
  fileprivate var few: String {
    let most = 8
    return count <= most
      ? joined(separator: ", ")
      : prefix(most).joined(separator: ", ") + " and \(count - most) more"
  }
}
