import Glibc
import Model
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Health

// One after another: they count the process's descriptors.
@Suite(.serialized) struct ProberTests {
  /// What a prober reported.
  private final class Told: Sendable {
    let changes = Mutex<[String]>([])
    var list: [String] { changes.withLock { $0 } }
  }

  private static func with(_ body: (Prober, Told) throws -> Void) throws {
    let told = Told()
    let note: Prober.OnChange = { signal, state, reading in
      let reason = reading.lastFailure.map { " " + $0 } ?? ""
      told.changes.withLock { $0.append("\(signal) \(state.rawValue)\(reason)") }
    }
    try withProber(onChange: note) { try body($0, told) }
  }

  private static func tcp(_ name: String, _ port: UInt16) -> Probe {
    var probe = Probe(name: name, question: .tcp(.init(address: loopback, port: port)))
    probe.interval = .milliseconds(20)
    probe.timeout = .milliseconds(20)
    return probe
  }

  private static let up = Signal(.probe, "a")

  @Test func aChangeIsReportedAndShown() throws {
    let server = try Server()
    let held = try ClosedPort()
    defer { withExtendedLifetime(held) {} }
    let closed = held.number
    try Self.with { prober, told in
      prober.update([Self.tcp("a", server.port), Self.tcp("b", closed)])
      #expect(eventually { told.list.count >= 2 })
      #expect(
        told.list.sorted() == [
          "probe.a up", "probe.b down connection refused by 127.0.0.1:\(closed)",
        ])
      let snapshot = prober.snapshot()
      #expect(snapshot[Self.up]?.state == .up)
      #expect(snapshot[Self.up]?.reading.succeeded ?? 0 >= 2)
      #expect(snapshot[Signal(.probe, "b")]?.reading.consecutiveFailures ?? 0 >= 2)
    }
  }

  @Test func anUpdateKeepsWhatDidNotChange() throws {
    let server = try Server()
    try Self.with { prober, told in
      let probe = Self.tcp("a", server.port)
      prober.update([probe])
      #expect(eventually { prober.snapshot()[Self.up]?.state == .up })
      let before = try #require(prober.snapshot()[Self.up]?.reading.succeeded)
      prober.update([probe, Self.tcp("b", server.port)])
      #expect(prober.snapshot()[Self.up]?.state == .up)
      var slower = probe
      slower.interval = .milliseconds(30)
      prober.update([slower])
      #expect(prober.snapshot()[Self.up]?.state == .up)
      #expect(prober.snapshot()[Self.up]?.reading.succeeded ?? 0 >= before)
      #expect(prober.snapshot()[Signal(.probe, "b")] == nil)
      #expect(told.list.filter { $0.hasPrefix("probe.a") } == ["probe.a up"])
    }
  }

  @Test func anotherQuestionStartsUnknown() throws {
    let server = try Server()
    let held = try ClosedPort()
    defer { withExtendedLifetime(held) {} }
    let closed = held.number
    try Self.with { prober, told in
      prober.update([Self.tcp("a", server.port)])
      #expect(eventually { told.list.count == 1 })
      prober.update([Self.tcp("a", closed)])
      #expect(eventually { told.list.count == 3 })
      #expect(
        told.list == [
          "probe.a up", "probe.a unknown",
          "probe.a down connection refused by 127.0.0.1:\(closed)",
        ])
    }
  }

  @Test func nothingStaysOpenAfterTheStop() throws {
    let server = try Server()
    try Self.with { prober, _ in
      let before = try descriptors(to: server.port)
      var probes = (0..<20).map { number in
        var http = Probe.HTTP(address: loopback, port: server.port)
        http.path = number % 2 == 0 ? "/silent" : "/drip"
        http.body = "never"
        var probe = Probe(name: "p\(number)", question: .http(http))
        (probe.interval, probe.timeout) = (.seconds(60), .seconds(60))
        probe.jitter = .zero
        return probe
      }
      probes[0].question = .gluetun(.init(address: loopback))
      prober.update(probes)
      let isOpen = try eventually { try descriptors(to: server.port) >= before + 15 }
      #expect(isOpen)
      prober.stop()
      #expect(try descriptors(to: server.port) == before)
      #expect(prober.snapshot().isEmpty)
    }
  }

  /// A probe that is no longer asked reports nothing more, not even that it was stopped.
  @Test func aStoppedAttemptIsNotReported() throws {
    let server = try Server()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let tried = Mutex<Set<String>>([])
    let prober = try Prober(group: group, allowsExec: false) { signal, _, _ in
      _ = tried.withLock { $0.insert(signal.name) }
    } onChange: { _, _, _ in
    }
    defer { prober.stop() }
    var http = Probe.HTTP(address: loopback, port: server.port)
    http.path = "/silent"
    var silent = Probe(name: "a", question: .http(http))
    (silent.interval, silent.timeout, silent.jitter) = (.seconds(60), .seconds(60), .zero)
    prober.update([silent])
    #expect(try eventually { try descriptors(to: server.port) > 0 })
    prober.update([Self.tcp("b", server.port)])
    #expect(eventually { tried.withLock { $0.contains("b") } })
    #expect(tried.withLock { $0 } == ["b"])
  }

  @Test func everyAttemptIsReportedWithItsRequests() throws {
    let body = #"{"public_ip":"198.51.100.7"}"#
    let server = try Server([
      "/": (200, ""), "/v1/vpn/status": (200, #"{"status":"running"}"#),
      "/v1/publicip/ip": (200, body), "/bad": (503, ""),
    ])
    let held = try ClosedPort()
    defer { withExtendedLifetime(held) {} }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let reports = Mutex<[String: AttemptReport]>([:])
    let prober = try Prober(group: group, allowsExec: false) { signal, report, _ in
      reports.withLock { $0[signal.name] = report }
    } onChange: { _, _, _ in
    }
    defer { prober.stop() }
    var gluetun = Probe.Gluetun(address: loopback)
    (gluetun.healthPort, gluetun.controlPort) = (server.port, server.port)
    var http = Probe.HTTP(address: loopback, port: server.port)
    http.path = "/bad"
    var silent = http
    silent.path = "/silent"
    prober.update(
      [
        Self.tcp("refused", held.number), Probe(name: "bad", question: .http(http)),
        Probe(name: "good", question: .gluetun(gluetun)),
        Probe(name: "silent", question: .http(silent)),
      ].map { probe in
        var probe = probe
        (probe.interval, probe.timeout) = (.milliseconds(500), .milliseconds(400))
        return probe
      })
    #expect(eventually { reports.withLock { $0.count } == 4 })
    let told = reports.withLock { $0 }
    #expect(told["refused"]?.fault == .network)
    #expect(told["refused"]?.requests == [])
    #expect(told["bad"]?.fault == .answer)
    #expect(told["bad"]?.requests.map(\.status) == [503])
    #expect(told["silent"]?.fault == .timeout)
    #expect(told["silent"]?.requests.map(\.status) == [nil])
    #expect(told["good"]?.fault == nil)
    #expect(told["good"]?.hasAddress == true)
    // The forwarded port is asked for at two paths.
    #expect(told["good"]?.requests.compactMap(\.status).sorted() == [200, 200, 200, 404, 404])
    #expect(told["good"]?.requests.count { $0.isForAddress } == 1)
  }

  @Test func onceMakesOneAttemptOfEach() throws {
    let server = try Server()
    let held = try ClosedPort()
    defer { withExtendedLifetime(held) {} }
    let closed = held.number
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let probes = (0..<150).map { number in
      var probe = Self.tcp("p\(number)", number % 2 == 0 ? server.port : closed)
      probe.timeout = .seconds(20)
      return probe
    }
    let states = try Prober.once(probes, group: group, allowsExec: false)
    #expect(states.count == 150)
    for number in 0..<150 {
      let said = states[Signal(.probe, "p\(number)")]
      #expect(said?.state == (number % 2 == 0 ? .up : .down))
      #expect(
        said?.reason == (number % 2 == 0 ? nil : "connection refused by 127.0.0.1:\(closed)"))
    }
    #expect(try Prober.once([], group: group, allowsExec: false).isEmpty)
  }
}

/// How many connections to a loopback port this process holds.
private func descriptors(to port: UInt16) throws -> Int {
  // ss -tnp 'dport = :PORT'
  let lines = try sh("ss -Htnp dport = :\(port)").split(separator: "\n")
  return lines.count { $0.contains("pid=\(getpid()),") }
}
