import Agent
import Model
import State
import TestSupport
import Testing

/// Destinations of the section `ipvs` that depend on signals.
@Suite struct PlainTests {
  private func desiredState(_ inhibit: String) throws -> DesiredState {
    try StateFile.decode(
      Array(
        """
        { "version": 1,
          "probes": { "a": { "type": "icmp", "address": "10.0.0.1" },
                      "b": { "type": "icmp", "address": "10.0.0.2" } },
          "ipvs": { "services": [
            { "address": "10.1.0.1", "port": 80, "protocol": "tcp", "scheduler": "mh"\(inhibit),
              "destinations": [ { "address": "10.0.0.1", "when": "probe.a" },
                                { "address": "10.0.0.2", "when": "probe.b" } ] } ] } }
        """.utf8))
  }

  private func signals(_ a: Signal.State, _ b: Signal.State) -> [Signal: Signal.State] {
    [Signal(.probe, "a"): a, Signal(.probe, "b"): b]
  }

  private func weights(_ configuration: NetworkState) -> [UInt32] {
    configuration.ipvsServices[0].destinations.map(\.effectiveWeight)
  }

  /// Weight 0 for a time, with its place kept, and then it is removed; nobody else changes.
  @Test func failedDestinationHasWeightZeroForASecondAndIsRemoved() throws {
    let desiredState = try desiredState("")
    let before = desiredState.expanded(given: signals(.up, .up))
    let down = signals(.down, .up)
    var drainings = Drainings()
    func expanded(_ now: Instant, keeping present: NetworkState) -> NetworkState {
      drainings.update(desiredState.drainings(given: down, keeping: present), now: now)
      return desiredState.expanded(given: down, keeping: present) { [drainings] in
        drainings.isOver($0, now: now)
      }
    }
    let failing = expanded(.seconds(5), keeping: before)
    #expect(weights(failing) == [0, 1])
    #expect(drainings.next(after: .seconds(5)) == .seconds(6))
    #expect(weights(expanded(.milliseconds(5_999), keeping: failing)) == [0, 1])
    let gone = expanded(.seconds(6), keeping: failing)
    #expect(weights(gone) == [1])
    #expect(weights(expanded(.seconds(7), keeping: gone)) == [1])
    #expect(drainings.next(after: .zero) == nil)
  }

  /// The same for a single `apply`, which measures no time.
  @Test(arguments: [("", [1]), (", \"inhibit\": false", [1]), (", \"inhibit\": true", [0, 1])])
  func failedDestinationIsAsTheServiceSays(_ text: String, _ wanted: [UInt32]) throws {
    let desiredState = try desiredState(text)
    let before = desiredState.expanded(given: signals(.up, .up))
    #expect(weights(desiredState.expanded(given: signals(.down, .up), keeping: before)) == wanted)
    #expect(weights(desiredState.expanded(given: signals(.up, .up), keeping: before)) == [1, 1])
  }

  @Test func unknownDestinationIsLeftAsItIs() throws {
    let desiredState = try desiredState("")
    let unknown = signals(.unknown, .unknown)
    #expect(weights(desiredState.expanded(given: unknown)) == [])
    for (given, wanted) in [(signals(.up, .up), [1, 1] as [UInt32]), (signals(.up, .down), [1])] {
      let present = desiredState.expanded(given: given)
      #expect(weights(desiredState.expanded(given: unknown, keeping: present)) == wanted)
    }
  }
}
