import Events
import Model
import TestSupport
import Testing

@testable import Agent

/// An address that another machine is master of goes before anything else.
@Suite struct WithdrawTests {
  private static let file = """
    { "version": 1, "links": [ { "name": "f0", "managed": false } ],
      "vrrp": { "a": { "link": "f0", "id": 51 }, "b": { "link": "f0", "id": 52 } },
      "addresses": [
        { "link": "f0", "address": "192.0.2.254/24", "when": "vrrp.a" },
        { "link": "f0", "address": "192.0.2.253/24", "when": "vrrp.b" } ] }
    """

  @Test func itGoesAtOnceWhereTooLittleIsKnownOfTheKernel() throws {
    let setup = ["ip link add f0 type ifb", "ip link set f0 up"]
    try Turning.with(Self.file, setup: setup, inputs: []) { (turning) throws in
      let (a, b) = (Signal(.vrrp, "a"), Signal(.vrrp, "b"))
      let daemon = turning.daemon
      daemon.readFile()
      _ = daemon.liveSignals.update([a: .up, b: .up], .now)
      daemon.reconcile(.now)
      func standing() throws -> [Bool] {
        let shown = try sh("ip -o address show dev f0")
        return ["192.0.2.254/", "192.0.2.253/"].map { shown.contains($0) }
      }
      #expect(try standing() == [true, true])
      daemon.seen = nil
      _ = daemon.liveSignals.update([a: .down], .now)
      daemon.react(.now, to: [a])
      #expect(try standing() == [false, true])
      #expect(daemon.cadence.isDue(.now))
      // News of one says nothing of the other, which the pass decides.
      _ = daemon.liveSignals.update([b: .down], .now)
      daemon.react(.now, to: [a])
      #expect(try standing() == [false, true])
      daemon.reconcile(.now)
      #expect(try standing() == [false, false])
      #expect(turning.log.of("restored").isEmpty, "\(turning.log.all)")
    }
  }
}
