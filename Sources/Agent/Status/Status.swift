import Health
import JSON
import Model

/// What a running `run` knows, as one value: `GET /status`, and `vpngw status` from there.
struct Status: Sendable {
  /// The state file as it was last read.
  enum FileState: Hashable, Sendable {
    case good
    /// The one before it stays in force; the texts say why.
    case bad([String])
  }

  struct SignalStatus: Sendable {
    let signal: Signal
    let state: Signal.State
  }

  /// By how many gateways new flows leave.
  struct Egress: Hashable, Sendable {
    let gateways: Int
    let of: Int
    /// Since when nothing may leave, since every gateway is down.
    let closedSince: WallClock?

    static let reason = "no gateway is alive: egress is closed"
  }

  /// Characters that are shown of what a probe was told, which is anybody's text.
  static let longestReason = 200

  struct Trouble: Hashable, Sendable {
    let object: String
    let reason: String
  }

  var path: String
  var file: FileState = .good
  /// Whether there is a state file in force.
  var hasFile = false
  /// Whether the last look found the kernel as it should be.
  var isConverged = false
  var signals: [SignalStatus] = []
  /// The gateways' addresses by the signals of their probes.
  var gateways: [Signal: IPAddress] = [:]
  /// What services the signals of probes are about.
  var services: [Signal: ProbeGroup] = [:]
  /// Nil where the file has no gateways, or none has been looked at yet.
  var egress: Egress?
  /// Packets that the gateways' nftables dropped, by reason; empty where the file has no gateways.
  var drops: [DropTotals.Drop] = []
  /// Steps that the kernel refused, and that are tried again.
  var failures: [Trouble] = []
  /// What the start waits for.
  var waiting: String?
  /// What can't be done as things are.
  var conflicts: [Trouble] = []
  /// What isn't as one might think, though nothing failed.
  var notes: [Trouble] = []
}

extension Status {
  /// Whether the kernel is as the file in force says, as far as the last look saw.
  var isReady: Bool { hasFile && isConverged }

  /// Why it isn't ready, in a few words.
  var notReady: String {
    if let waiting { return waiting }
    if !hasFile { return "no valid state file" }
    if let conflict = conflicts.first { return "\(conflict.object): \(conflict.reason)" }
    if let failure = failures.first { return "\(failure.object): \(failure.reason)" }
    return "the first look isn't over"
  }

  /// With what probes have read.
  func tree(_ probes: Prober.Snapshot) -> Tree {
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
    if let egress { members.append(("egress", egress.tree)) }
    if !drops.isEmpty { members.append(("drops", .array(drops.map(\.tree)))) }
    members.append(("failures", list(failures)))
    members.append(("conflicts", list(conflicts)))
    let probeNotes = probes.sorted { $0.key < $1.key }.flatMap { signal, said in
      said.reading.notes.map {
        Trouble(object: "\(signal)", reason: $0.visible(limit: Status.longestReason))
      }
    }
    members.append(("notes", list(notes + probeNotes)))
    members.append(
      (
        "signals",
        .array(
          signals.map { status in
            var head: [(String, Tree)] = [
              ("name", .string(status.signal.description)),
              ("state", .string(status.state.rawValue)),
            ]
            if let address = gateways[status.signal] {
              head.append(("gateway", .string(address.description)))
            }
            if let service = services[status.signal] {
              head.append(("service", .string(service.name)))
              head.append(("server", .string(service.servers[status.signal]!)))
            }
            return .object(head + (probes[status.signal]?.reading.members(status.state) ?? []))
          })
      ))
    return .object(members)
  }
}

extension Status.Egress {
  fileprivate var tree: Tree {
    var members: [(String, Tree)] = [
      ("gateways", .integer(gateways)), ("of", .integer(of)),
      ("closed", .bool(closedSince != nil)),
    ]
    if let closedSince {
      members += [("since", .string(closedSince.text)), ("reason", .string(Self.reason))]
    }
    return .object(members)
  }
}

extension Reading {
  fileprivate func members(_ state: Signal.State) -> [(String, Tree)] {
    var members: [(String, Tree)] = []
    if let publicAddress { members.append(("publicAddress", .string(publicAddress.description))) }
    if let port = forwardedPorts.first {
      members.append(("forwardedPort", .integer(Int(port))))
      members.append(("forwardedPorts", .array(forwardedPorts.map { .integer(Int($0)) })))
    }
    if let obstacle {
      members.append(
        ("reason", .string("could not be asked: \(obstacle.visible(limit: Status.longestReason))")))
    } else if let lastFailure, state != .up || consecutiveFailures > 0 {
      members.append(("reason", .string(lastFailure.visible(limit: Status.longestReason))))
    }
    members.append(("succeeded", .integer(succeeded)))
    members.append(("failed", .integer(failed)))
    members.append(("unasked", .integer(unasked)))
    return members
  }
}
