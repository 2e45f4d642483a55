import Health
import JSON
import Model
internal import NIOCore
internal import NIOPosix
import State

extension Session {
  /// Where `plan`, `apply` and `expand` learn the states of signals.
  public struct Inputs: Sendable {
    /// In the form `NAME=up`; they override what probes say.
    public var stated: [String] = []
    /// Whether to try each probe of the file once.
    public var probes = false
    public var allowsExec = false

    public init() {}
  }

  /// `vpngw expand FILE`: the plain objects that the file stands for, as a state file.
  ///
  /// Doesn't read the kernel, so what depends on unknown signals is left out.
  public func expand(_ path: String, given inputs: Inputs = Inputs()) throws -> Int32 {
    guard let desiredState = try load(path, surroundings: nil) else { return Status.failed }
    let known = try signals(inputs, for: desiredState)
    let expanded = desiredState.expanded(given: known.states, reading: known.readings)
    Console.print(StateFile.encode(expanded).text())
    tellUndecided(of: desiredState, given: desiredState.deriving(from: known.states), "left out")
    return Status.done
  }

  /// What is known before anything is observed.
  struct Known {
    var states: [Signal: Signal.State]
    var readings: [Signal: SignalReading] = [:]
  }

  /// From `--signal` and, with `--probe`, from the other probes.
  func signals(_ inputs: Inputs, for desiredState: DesiredState) throws -> Known {
    let stated = try signals(inputs.stated, for: desiredState)
    var known = Known(states: NodeIdentity().states(of: desiredState).merging(stated) { $1 })
    guard inputs.probes else { return known }
    let asked = desiredState.probes.filter { known.states[$0.signal] == nil }
    // Probes start threads, while `apply --confirm` must be able to fork.
    let answers = try Child.run {
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let said = try Prober.once(asked, group: group, allowsExec: inputs.allowsExec)
        .sorted { $0.key < $1.key }
      for (signal, said) in said {
        if let reason = said.reason {
          let state = said.state == .unknown ? "not known" : said.state.rawValue
          let words = reason.visible(limit: Agent.Status.longestReason)
          Console.complain("vpngw: \(signal) is \(state): \(words)\n")
        }
        for note in said.notes {
          Console.complain(
            "vpngw: \(signal): \(note.visible(limit: Agent.Status.longestReason))\n")
        }
      }
      return Array(Tree.array(said.map { $1.tree($0) }).text().utf8)
    }
    let document = try Document(answers)
    for answer in document.root.elements.map(Array.init) ?? [] {
      guard let signal = answer["signal"]?.string.flatMap({ Signal($0) }) else { continue }
      known.states[signal] = answer["state"]?.string.flatMap(Signal.State.init(rawValue:))
      known.readings[signal] = SignalReading(answer)
    }
    withExtendedLifetime(document) {}
    return known
  }

  private func signals(
    _ stated: [String], for desiredState: DesiredState
  ) throws -> [Signal: Signal.State] {
    var states: [Signal: Signal.State] = [:]
    let implied = desiredState.blueprints.flatMap(\.derivedSignals).map(\.signal)
    for text in stated {
      guard let equals = text.lastIndex(of: "="),
        let state = Signal.State(rawValue: String(text[text.index(after: equals)...])),
        state != .unknown
      else { throw CommandError("--signal \(text): write NAME=up or NAME=down") }
      let name = String(text[..<equals])
      guard let signal = Signal(name),
        desiredState.signals.contains(signal) || implied.contains(signal)
      else {
        let names = desiredState.signals.sorted().map(\.description)
        throw CommandError(
          "--signal \(text): no such signal in the file; "
            + (names.isEmpty ? "it has none" : "there are " + names.joined(separator: ", ")))
      }
      guard states.updateValue(state, forKey: signal) ?? state == state else {
        throw CommandError("--signal \(text): stated as the other before")
      }
    }
    return states
  }

  /// The desired state, given the observed one; reports what isn't known and what is lacking.
  func expand(
    _ desiredState: DesiredState, given known: Known, keeping observed: NetworkState
  ) -> NetworkState {
    let all = known.states.merging(desiredState.observedSignals(in: observed)) { stated, _ in stated
    }
    tellUndecided(of: desiredState, given: desiredState.deriving(from: all))
    tellLacking(of: desiredState, in: observed)
    return desiredState.expanded(given: all, reading: known.readings, keeping: observed)
  }

  /// Reports what blueprints lack, what they don't protect, and what can't work as it is meant.
  func tellLacking(of desiredState: DesiredState, in observed: NetworkState) {
    for lack in desiredState.notes(in: observed) + desiredState.mistakes {
      Console.complain("vpngw: \(lack.object): \(lack.reason)\n")
    }
  }

  /// Reports what isn't known: otherwise one may wonder why it isn't in the plan.
  func tellUndecided(
    of desiredState: DesiredState, given signals: [Signal: Signal.State],
    _ fate: String = "left as it is"
  ) {
    let undecided = desiredState.undecidedNames(given: signals)
    if undecided.isEmpty { return }
    let unknown = desiredState.decidingSignals.filter { signals[$0] ?? .unknown == .unknown }
    let asking = unknown.contains { $0.source == .probe } ? "--probe asks, " : ""
    Console.complain(
      "vpngw: not known: \(unknown.sorted().map(\.description).few); what they decide is \(fate) "
        + "(\(asking)--signal NAME=up or NAME=down tells): \(undecided.few)\n")
  }
}

extension DesiredState {
  /// The signals that follow from the observed kernel.
  func observedSignals(in observed: NetworkState) -> [Signal: Signal.State] {
    linkSignals(in: observed).merging(handshakeSignals(in: observed)) { first, _ in first }
  }
}

/// What the child that asks the probes tells its parent.
extension Prober.AttemptResult {
  fileprivate func tree(_ signal: Signal) -> Tree {
    var members: [(String, Tree)] = [
      ("signal", .string(signal.description)), ("state", .string(state.rawValue)),
      (
        "publicAddresses", .array(reading.publicAddresses.map { .string($0.description) })
      ),
    ]
    if let ports = reading.forwardedPorts {
      members.append(("forwardedPorts", .array(ports.map { .integer(Int($0)) })))
    }
    return .object(members)
  }
}

extension SignalReading {
  fileprivate init(_ answer: JSON.Value) {
    let addresses = answer["publicAddresses"]?.elements?.compactMap { $0.string } ?? []
    self.init(
      publicAddresses: addresses.compactMap { IPAddress($0) },
      forwardedPorts: answer["forwardedPorts"]?.elements?.compactMap {
        $0.integer.flatMap { UInt16(exactly: $0) }
      })
  }
}

extension [String] {
  /// As many of them as anybody reads.
  fileprivate var few: String {
    let most = 8
    return count <= most
      ? joined(separator: ", ")
      : prefix(most).joined(separator: ", ") + " and \(count - most) more"
  }
}
