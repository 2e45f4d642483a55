import JSON
import Model
import Speaker
import VRRP

extension VRRPInput {
  /// What a virtual router is, for people.
  enum Role: String, CaseIterable {
    /// It hasn't started yet.
    case `init`
    case backup, master
    /// Something keeps it from the election.
    case fault
    /// It left.
    case stopped
  }
}

extension VRRPInput.Role {
  init(after transition: Transition) {
    self =
      switch (transition.to, transition.reason) {
      case (.backup, _): .backup
      case (.master, _): .master
      case (.initialize, .stopped), (.initialize, .yielded): .stopped
      case (.initialize, _): .fault
      }
  }
}

extension VRRPInput.Router {
  /// By what was said last, or read now.
  var role: VRRPInput.Role {
    switch readings.state {
    case .backup: .backup
    case .master: .master
    case .initialize: last.map { .init(after: $0.transition) } ?? .`init`
    }
  }

  /// Members of the signal's status.
  var words: [(String, Tree)] {
    var words: [(String, Tree)] = [
      ("role", .string(role.rawValue)), ("priority", .integer(Int(readings.priority))),
    ]
    if let group = instance.router.syncGroup { words.append(("group", .string(group))) }
    let masters =
      readings.state == .master ? line.primaries : followed
    let addresses = [masters.inet, masters.inet6].compactMap(\.self)
    if !addresses.isEmpty {
      words.append(("master", .array(addresses.map { .string($0.description) })))
    }
    let others = readings.state == .backup && !addresses.isEmpty
    let of = others ? " of " + addresses.map(\.description).joined(separator: " and ") : ""
    words.append(
      ("reading", .string("\(role.rawValue)\(of), priority \(readings.priority)")))
    if let last {
      words.append(("since", .string(last.at.text)))
      words.append(("reason", .string(last.transition.reason.words)))
    }
    words.append(("sent", .integer(Int(readings.sent))))
    words.append(("received", .integer(Int(readings.received))))
    let discards = Discard.Reason.allCases.compactMap { reason -> (String, Tree)? in
      let count = readings.discarded(reason)
      return count > 0 ? (reason.name, .integer(Int(count))) : nil
    }
    if !discards.isEmpty { words.append(("discarded", .object(discards))) }
    words.append(("maxLateness", .string(readings.maxLateness.inMilliseconds)))
    return words
  }

  func measure(_ name: Metrics.Labels, into metrics: inout Metrics) {
    metrics.set(Self.master, name, readings.state == .master ? 1 : 0)
    metrics.set(Self.priority, name, Double(readings.priority))
    for role in VRRPInput.Role.allCases where role != .`init` {
      metrics.set(
        Self.changes, name + [Metrics.Label("to", role.rawValue)], Double(transitions[role] ?? 0))
    }
    metrics.set(Self.sent, name, Double(readings.sent))
    metrics.set(Self.received, name, Double(readings.received))
    for reason in Discard.Reason.allCases where readings.discarded(reason) > 0 {
      metrics.set(
        Self.discarded, name + [Metrics.Label("reason", reason.name)],
        Double(readings.discarded(reason)))
    }
    metrics.set(Self.late, name, Double(readings.late))
    metrics.set(Self.maxLateness, name, readings.maxLateness.inSeconds)
  }

  private static let master = Gauge("vpngw_vrrp_master", "Whether this machine is master.")
  private static let priority = Gauge("vpngw_vrrp_priority", "The priority, as it is advertised.")
  private static let changes = Counter(
    "vpngw_vrrp_transitions_total", "Changes of a virtual router's state.")
  private static let sent = Counter(
    "vpngw_vrrp_advertisements_sent_total", "Advertisements sent, one for each peer.")
  private static let received = Counter(
    "vpngw_vrrp_advertisements_received_total", "Advertisements received and heeded.")
  private static let discarded = Counter(
    "vpngw_vrrp_advertisements_discarded_total", "Packets not heeded, by reason.")
  private static let late = Counter(
    "vpngw_vrrp_late_total", "How often the thread was late by more than a tenth of the interval.")
  private static let maxLateness = Gauge(
    "vpngw_vrrp_max_lateness_seconds", "How late the thread was at most.")
}

extension Transition.Reason {
  var words: String {
    switch self {
    case .owner: "owns the addresses"
    case .started: "started"
    case .noMaster: "no master spoke"
    case .masterLeft: "the master left"
    case .preempted: "a master of lower priority had its time"
    case .betterMaster: "a better master speaks"
    case .yielded: "left, and a peer took over or none did in time"
    case .stopped: "stopped"
    case .faulty: "the link is down, or what is tracked is"
    case .noAddress: "the link has no address to send from"
    case .group: "another member of its sync group isn't, or has a fault"
    }
  }
}

extension Duration {
  /// `0.042ms`.
  var inMilliseconds: String {
    let microseconds = wholeNanoseconds / 1000
    let rest = "\(microseconds % 1000)"
    return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)ms"
  }
}
