import Health
import JSON
import Model
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
import State

extension Session {
  public struct RunOptions: Sendable {
    /// Where `/status` and the others are served; port 0 takes any that is free.
    public var address = RunOptions.defaultAddress
    public var port = RunOptions.defaultPort
    public var resync = Duration.seconds(30)
    public var removesOnExit = false
    public var allowsExec = false
    /// `debug`, `info`, `warning` or `error`.
    public var logLevel = "info"

    public static let defaultAddress = "127.0.0.1"
    public static let defaultPort = 9118

    public init() {}
  }

  /// `vpngw run FILE`: until SIGTERM.
  public func run(_ path: String, _ run: RunOptions) throws -> Int32 {
    let log = Log(least: Log.Level(rawValue: run.logLevel) ?? .info)
    let reconciler = try reconciler()
    guard let lock = try reconciler.runDirectory.takeLock("vpngw run \(path)") else {
      throw Failure(
        "another vpngw keeps this namespace or is changing it "
          + "(\(reconciler.runDirectory.lockHolder)): only one can"
      )
    }
    defer { lock.release() }
    let board = Board(path: path)
    let inbox = try Inbox()
    // A thread each: writing the metrics of 2,000 probes would make others begin late.
    let groups = (0..<3).map { _ in MultiThreadedEventLoopGroup(numberOfThreads: 1) }
    defer { for group in groups { try? group.syncShutdownGracefully() } }
    var options = Daemon.Options()
    options.resync = run.resync
    options.removesOnExit = run.removesOnExit
    let daemon = try Daemon(
      path, options, reconciler: reconciler, inbox: inbox, board: board, log: log)
    let probeNotes = ProbeNotes(log)
    let prober = try Prober(group: groups[0], allowsExec: run.allowsExec) {
      board.note($0, $1, $2)
      probeNotes.say($0, $2.notes)
    } onChange: { signal, state, _ in
      inbox.post(signal, state)
    }
    defer { prober.stop() }
    let poll = IPVSPoll(every: options.poll, on: groups[2], telling: inbox)
    daemon.onTake = {
      prober.update($0.probes)
      poll.look(for: $0)
    }
    daemon.reasons = { prober.snapshot()[$0]?.reading.lastFailure }
    let server = try StatusServer(run.address, port: run.port, on: groups[1]) { path in
      board.answer(path, prober.snapshot())
    }
    defer { server.close() }
    log.info("start", ["file": path, "listen": "\(run.address):\(run.port)"])
    let isClean = try daemon.run()
    log.info("stop")
    return isClean ? Status.done : Status.failed
  }
}

extension Board {
  func answer(_ path: String, _ probes: Prober.Snapshot) -> StatusServer.Answer? {
    switch path {
    case "/status":
      StatusServer.Answer(status: .ok, type: "application/json", body: status.tree(probes).text())
    case "/metrics":
      StatusServer.Answer(
        status: .ok, type: "text/plain; version=0.0.4; charset=utf-8",
        body: metrics(with: probes).text)
    case "/healthz": .text(.ok, "ok\n")
    case "/readyz":
      status.isReady
        ? .text(.ok, "ready\n") : .text(.serviceUnavailable, "not yet: \(status.notReady)\n")
    default: nil
    }
  }
}
