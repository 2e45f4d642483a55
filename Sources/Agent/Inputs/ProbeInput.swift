import Health
import JSON
import Model
internal import NIOCore

/// Probes: each reports whether its peer is alive.
final class ProbeInput: Input {
  private let prober: Prober
  private let meter: ProbeMeter

  /// `observers` are called after each attempt. Stop it before the group.
  init(
    group: any EventLoopGroup, allowsExec: Bool, telling inbox: Inbox, log: Log,
    observers: [any ProbeObserver]
  ) throws {
    let meter = ProbeMeter(observers: observers)
    let notes = ProbeNotes(log)
    self.meter = meter
    prober = try Prober(group: group, allowsExec: allowsExec) {
      meter.note($0, $1, $2)
      notes.say($0, $2.notes)
      inbox.post($0, $2.signalReading)
    } onChange: { signal, state, reading in
      inbox.post(signal, reading.signalReading)
      inbox.post(signal, state)
    }
  }

  func signals(of desired: DesiredState) -> Set<Signal> { Set(desired.probes.map(\.signal)) }

  func update(_ desired: DesiredState) { prober.update(desired.probes) }

  func reason(for signal: Signal) -> String? { prober.snapshot()[signal]?.reading.lastFailure }

  func doubt(about signal: Signal) -> String? {
    guard let reading = prober.snapshot()[signal]?.reading, reading.isDoubtful else { return nil }
    return reading.obstacle
  }

  func status(given states: [Signal: Signal.State]) -> InputStatus {
    Self.status(of: prober.snapshot(), given: states)
  }

  func measure(into metrics: inout Metrics) { meter.measure(prober.snapshot(), into: &metrics) }

  func stop() { prober.stop() }

  /// The status of probes, from what they have found out.
  static func status(
    of probes: Prober.Snapshot, given states: [Signal: Signal.State]
  ) -> InputStatus {
    var status = InputStatus()
    for (signal, state) in states {
      status.words[signal] = probes[signal]?.reading.members(state)
    }
    status.notes = probes.sorted { $0.key < $1.key }.flatMap { signal, said in
      said.reading.notes.map {
        Trouble(object: "\(signal)", reason: $0.visible(limit: Status.longestReason))
      }
    }
    return status
  }
}

extension Reading {
  fileprivate func members(_ state: Signal.State) -> [(String, Tree)] {
    var members: [(String, Tree)] = []
    if let publicAddress { members.append(("publicAddress", .string(publicAddress.description))) }
    if publicAddresses.count > 1 {
      members.append(("publicAddresses", .array(publicAddresses.map { .string("\($0)") })))
    }
    if let forwardedPorts, let port = forwardedPorts.first {
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
