import JSON
import Model

/// What a running `run` knows, as one value: `GET /status`, which `vpngw status` prints.
struct Status: Sendable {
  /// The state file as it was last read.
  enum FileState: Hashable, Sendable {
    case good
    /// The file before it stays in force; the texts say why.
    case bad([String])
  }

  struct SignalStatus: Sendable {
    let signal: Signal
    let state: Signal.State
  }

  /// How many of its members a blueprint leads packets to.
  struct BlueprintAvailability: Hashable, Sendable {
    let availability: Availability
    /// Since when nothing has got through, since every member is down.
    let closedSince: WallClock?
  }

  /// Whether the machine does its work.
  struct Health: Hashable, Sendable {
    let isGood: Bool
    /// What isn't up that should be.
    let reasons: [String]

    var reason: String { reasons.joined(separator: "; ") }
  }

  /// How many characters of a probe's reason are shown, which anybody may have written.
  static let longestReason = 200

  var path: String
  var file: FileState = .good
  /// Whether a state file is in force.
  var hasFile = false
  /// Whether the last pass found or made the kernel as it should be.
  var isConverged = false
  var signals: [SignalStatus] = []
  /// What the signals of blueprints' probes are about.
  var subjects: [Signal: SignalSubject] = [:]
  /// For blueprints that lead packets to members, once a pass has seen them.
  var availabilities: [BlueprintAvailability] = []
  /// Nil if the file doesn't say what it takes.
  var health: Health?
  /// Packets that blueprints' nftables dropped.
  var drops: [DropTotals] = []
  /// Steps that the kernel refused and that will be tried again.
  var failures: [Trouble] = []
  /// What the start waits for.
  var waiting: String?
  /// What can't be done as things are.
  var conflicts: [Trouble] = []
  /// What isn't as one might expect, though nothing failed.
  var notes: [Trouble] = []
}

extension Status {
  /// Whether the kernel is as the file in force says, as of the last pass.
  var isReady: Bool { hasFile && isConverged }

  /// Why it isn't ready, in a few words.
  var notReady: String {
    if let waiting { return waiting }
    if !hasFile { return "no valid state file" }
    if let conflict = conflicts.first { return "\(conflict.object): \(conflict.reason)" }
    if let failure = failures.first { return "\(failure.object): \(failure.reason)" }
    return "the first pass isn't over"
  }

  /// With the members that inputs and outputs add.
  func tree(_ inputs: [any Input] = [], _ outputs: [any Output] = []) -> Tree {
    let states = Dictionary(signals.map { ($0.signal, $0.state) }) { first, _ in first }
    return tree(
      inputs.map { $0.status(given: states) }, outputs.compactMap { $0.status })
  }

  func tree(_ inputs: [InputStatus], _ outputs: [(name: String, tree: Tree)] = []) -> Tree {
    var members: [(String, Tree)] = [
      ("file", .string(path)), ("ready", .bool(isReady)), ("converged", .bool(isConverged)),
      ("inForce", .bool(hasFile)),
    ]
    switch file {
    case .good: members.append(("fileValid", true))
    case .bad(let problems):
      members.append(("fileValid", false))
      members.append(("problems", .array(problems.map(Tree.string))))
    }
    func list(_ troubles: [Trouble]) -> Tree {
      .array(
        troubles.map {
          .object([("object", .string($0.object)), ("reason", .string($0.reason))])
        })
    }
    if let waiting { members.append(("waiting", .string(waiting))) }
    if let health {
      members.append(("healthy", .bool(health.isGood)))
      if !health.isGood { members.append(("unhealthy", .string(health.reason))) }
    }
    for entry in availabilities { members.append((entry.ownName, entry.tree)) }
    let drops = drops.flatMap(\.list)
    if !drops.isEmpty { members.append(("drops", .array(drops.map(\.tree)))) }
    members.append(("failures", list(failures)))
    members.append(("conflicts", list(conflicts)))
    members.append(("notes", list(notes + inputs.flatMap(\.notes))))
    members.append(
      (
        "signals",
        .array(
          signals.map { status in
            var head: [(String, Tree)] = [
              ("name", .string(status.signal.description)),
              ("state", .string(status.state.rawValue)),
            ]
            head += (subjects[status.signal]?.words ?? []).map { ($0.name, .string($0.value)) }
            return .object(head + inputs.flatMap { $0.words[status.signal] ?? [] })
          })
      ))
    members += outputs.map { ($0.name, $0.tree) }
    return .object(members)
  }
}

extension Status.BlueprintAvailability {
  /// `egress`, or of a group `egress.NAME`.
  fileprivate var ownName: String {
    availability.name + (availability.group.map { ".\($0)" } ?? "")
  }

  fileprivate var tree: Tree {
    var members: [(String, Tree)] = [
      (availability.noun, .integer(availability.leading.count)),
      ("of", .integer(availability.count)), ("closed", .bool(closedSince != nil)),
    ]
    if let closedSince {
      members += [("since", .string(closedSince.text)), ("reason", .string(availability.reason))]
    }
    return .object(members)
  }
}
