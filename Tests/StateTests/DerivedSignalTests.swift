import Model
import State
import Testing

/// Signals that follow from others.
@Suite struct DerivedSignalTests {
  private static func file(_ quorum: String, servers: String = "\"10.0.1.0/30\"") throws
    -> DesiredState
  {
    try StateFile.decode(
      Array(
        """
        { "version": 1, "links": [ { "name": "eth1", "managed": false } ],
          "addresses": [ { "link": "eth1", "address": "10.0.0.1/24", "when": "service.dns" } ],
          "services": { "dns": { "vips": "10.0.0.1", "ports": 53, "protocols": ["tcp", "udp"],
            "servers": \(servers)\(quorum) } } }
        """.utf8))
  }

  private static func probe(_ protocol: String, _ server: Int) -> Signal {
    Signal(.probe, "dns.\(`protocol`).10.0.1.\(server)")
  }

  /// With so many servers up of each protocol; the others are down.
  private static func states(tcp: Int, udp: Int) -> [Signal: Signal.State] {
    (0..<4).reduce(into: [:]) { states, server in
      states[probe("tcp", server)] = server < tcp ? .up : .down
      states[probe("udp", server)] = server < udp ? .up : .down
    }
  }

  private static let dns = Signal(.service, "dns")

  @Test func aServiceIsUpWhileEachProtocolHasItsQuorum() throws {
    let state = try Self.file(", \"quorum\": 2")
    func dns(_ tcp: Int, _ udp: Int) -> Signal.State? {
      state.deriving(from: Self.states(tcp: tcp, udp: udp))[Self.dns]
    }
    #expect(dns(4, 4) == .up)
    #expect(dns(2, 2) == .up)
    #expect(dns(1, 4) == .down)
    #expect(dns(4, 0) == .down)
    #expect(state.deriving(from: [:])[Self.dns] == .unknown)
    // Two are up of each: nothing that isn't known can change that.
    var some = Self.states(tcp: 2, udp: 2)
    for server in 2..<4 { some[Self.probe("tcp", server)] = nil }
    #expect(state.deriving(from: some)[Self.dns] == .up)
    some[Self.probe("tcp", 1)] = .down
    #expect(state.deriving(from: some)[Self.dns] == .unknown)
  }

  @Test func theVIPFollowsTheQuorumAndWhatIsSaidOfIt() throws {
    let state = try Self.file("")
    func vips(_ signals: [Signal: Signal.State], _ observed: NetworkState = NetworkState()) -> Int {
      state.expanded(given: signals, keeping: observed).addresses.count
    }
    let up = Self.states(tcp: 1, udp: 1)
    #expect(vips(up) == 1)
    #expect(vips(Self.states(tcp: 0, udp: 1)) == 0)
    #expect(vips(up.merging([Self.dns: .down]) { $1 }) == 0)
    // Not known: as the kernel has it.
    #expect(vips([:]) == 0)
    #expect(vips([:], state.expanded(given: up)) == 1)
  }

  @Test func hysteresisKeepsWhatWas() throws {
    let state = try Self.file(", \"quorum\": 2, \"hysteresis\": 1")
    var before: [Signal: Signal.State] = [:]
    func say(_ count: Int) -> Signal.State? {
      before = state.deriving(from: Self.states(tcp: count, udp: 4), before: before)
      return before[Self.dns]
    }
    // Whether it was up isn't known.
    #expect(say(2) == .unknown)
    #expect(say(3) == .up)
    #expect(say(2) == .up)
    #expect(say(1) == .up)
    #expect(say(0) == .down)
    #expect(say(1) == .down)
    #expect(say(2) == .down)
    #expect(say(3) == .up)
  }

  @Test func weightsCountAndDrainedServersDoNot() throws {
    let state = try Self.file(
      ", \"quorum\": 3",
      servers: """
        [ { "address": "10.0.1.0", "weight": 3 }, "10.0.1.1", { "address": "10.0.1.2", "drain": true, "weight": 9 } ]
        """)
    #expect(state.deriving(from: Self.states(tcp: 1, udp: 1))[Self.dns] == .up)
    let without = Self.states(tcp: 4, udp: 4).merging([
      Self.probe("tcp", 0): .down
    ]) { $1 }
    #expect(state.deriving(from: without)[Self.dns] == .down)
  }

  @Test func aServiceThatNobodyNamesHasNoSignalToShow() throws {
    let state = try StateFile.decode(
      Array(
        """
        { "version": 1, "services": { "dns": { "vips": "10.0.0.1", "ports": 53,
          "protocols": "tcp", "servers": "10.0.1.0" } } }
        """.utf8))
    #expect(state.derived.isEmpty)
    #expect(!state.signals.contains(Self.dns))
  }
}
