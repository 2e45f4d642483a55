import JSON
import Model
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
import State

extension Session {
  public struct RunOptions: Sendable {
    /// Where `/status` and the other paths are served; port 0 means any free port.
    public var address = RunOptions.defaultAddress
    public var port = RunOptions.defaultPort
    public var resync = Duration.seconds(30)
    public var removesOnExit = false
    public var allowsExec = false
    /// Gives nothing up that a later state file may need.
    public var keepsCapabilities = false
    /// Takes a state file that everybody may write.
    public var trustsWritableFile = false
    /// `debug`, `info`, `warning` or `error`.
    public var logLevel = "info"

    public static let defaultAddress = "127.0.0.1"
    public static let defaultPort = 9118

    public init() {}
  }

  /// `vpngw run FILE`: runs until SIGTERM.
  public func run(_ path: String, _ run: RunOptions) throws -> Int32 {
    let log = Log(least: Log.Level(rawValue: run.logLevel) ?? .info, isJSON: options.isJSON)
    let processSignals = try ProcessSignals()
    let serviceManager = ServiceManager()
    let reconciler = try reconciler { log.error("memory", ["error": $0]) }
    let runDirectory = reconciler.runDirectory
    // Before privileges are given up: it looks into other processes.
    runDirectory.clean()
    // The watch for duplicates opens its socket while CAP_NET_RAW is there, and needs none to use it.
    let duplicates = DuplicateInput(log: log)
    let privileges = givePrivilegesUp(path, run, log)
    let inbox = try Inbox()
    // The prober and the status server have a thread each: writing the metrics of 2,000 probes would delay
    // the probes.
    let groups = (0..<2).map { _ in MultiThreadedEventLoopGroup(numberOfThreads: 1) }
    defer { for group in groups { group.leaveToProcess() } }
    var options = Daemon.Options()
    options.resync = run.resync
    options.removesOnExit = run.removesOnExit
    options.parameters = parameters
    options.privileges = privileges
    options.trustsWritableFile = run.trustsWritableFile
    let gatewayMeter = GatewayMeter()
    let hostNames = try HostNames(telling: inbox)
    defer { hostNames.stop() }
    let announcements = AnnouncementOutput(log: log)
    let virtualRouters = VRRPInput(telling: inbox, log: log, announcer: announcements)
    let inputs: [any Input] = [
      LinkInput(),
      try NodeInput(telling: inbox),
      virtualRouters,
      try ProbeInput(
        group: groups[0], allowsExec: run.allowsExec, telling: inbox, log: log,
        observers: [gatewayMeter]),
      try WireGuardInput(telling: inbox, asking: hostNames),
      DerivedInput(),
      duplicates,
    ]
    defer { for input in inputs { input.stop() } }
    let leases = try AddressLeases(log: log, virtualRouters.readings)
    let outputs: [any Output] = [
      announcements, leases, DDNSOutput(allowsExec: run.allowsExec, log: log),
    ]
    defer { for output in outputs { output.stop() } }
    let store = StatusStore(
      path: path, inputs: inputs, outputs: outputs, observers: [gatewayMeter])
    // Started first: a liveness check must be answered even while this waits for the lock.
    let server = try StatusServer(
      run.address, port: run.port, on: groups[1], log: log, addressFilter: store.addressFilter
    ) {
      path in
      store.answer(path)
    }
    defer { server.close() }
    log.info("start", ["file": path, "listen": "\(run.address):\(run.port)"])
    tellOfReach(run, log)
    guard
      let lock = try wait(
        in: runDirectory, for: "vpngw run \(path)", store, log, processSignals, serviceManager)
    else {
      log.info("stop")
      return Status.done
    }
    defer { lock.release() }
    let daemon = try Daemon(
      path, options, reconciler: reconciler, inbox: inbox, store: store, log: log,
      processSignals: processSignals, hostNames: hostNames, leases: leases)
    daemon.onPoll = lock.forgetAskers
    daemon.serviceManager = serviceManager
    // A pass of a large file takes longer than a watchdog's time.
    reconciler.shouldStop = { [unowned daemon] _ in
      daemon.serviceManager?.beat()
      return false
    }
    let poll = try IPVSPoll(every: options.poll, telling: inbox)
    defer { poll.stop() }
    daemon.onTake = { poll.follow($0) }
    let isClean = try daemon.run()
    log.info("stop")
    return isClean ? Status.done : Status.failed
  }

  /// Takes the namespace's lock. Waits while an `apply` holds it or its change waits for
  /// confirmation: a change that is reported as undone must not be found done again. Nil if the
  /// process is to end before that.
  private func wait(
    in directory: RunDirectory, for command: String, _ store: StatusStore, _ log: Log,
    _ processSignals: ProcessSignals, _ serviceManager: ServiceManager?
  ) throws -> RunDirectory.Lock? {
    var said: String?
    while true {
      var reason = "a change waits for `vpngw confirm` or for its undoing: it goes first"
      if let other = directory.mayHaveGuard ? nil : NamespaceLock.confirmation.otherHolder {
        reason = "a change waits for its confirmation or for its undoing (\(other)): it goes first"
      } else if !directory.mayHaveGuard {
        if let lock = try directory.takeLock(command) {
          // An `apply --confirm` may have come and gone in between.
          guard directory.hasGuard || NamespaceLock.confirmation.otherHolder != nil else {
            store.update { $0.waiting = nil }
            if said != nil { log.info("wait", ["over": true]) }
            return lock
          }
          lock.release()
        } else {
          let holder = directory.lockHolder
          guard holder.hasPrefix("vpngw apply") else {
            throw CommandError("another vpngw keeps this namespace (\(holder)): only one can")
          }
          reason = "another vpngw is changing this namespace (\(holder)): it goes first"
        }
      }
      if said != reason { log.warning("wait", ["reason": reason]) }
      said = reason
      store.update { $0.waiting = reason }
      serviceManager?.tell(store.status)
      serviceManager?.beat()
      // Each check leaves an entry in the holder's queue, which is short.
      if processSignals.wait(atMost: .milliseconds(250)) == .end { return nil }
    }
  }
}

extension Session {
  /// Says what others see where they reach the status.
  private func tellOfReach(_ run: RunOptions, _ log: Log) {
    guard let address = IPAddress(run.address), !address.isLoopback else { return }
    log.warning(
      "listen",
      [
        "address": "\(run.address):\(run.port)",
        "shows":
          "addresses, probes, gateways' public addresses and what is wrong (/status, /metrics) to whoever "
          + "reaches it"
          + (address.isUnspecified
            ? ", except at addresses in the networks of the file's clients" : "")
          ,
      ])
  }
}

extension StatusStore {
  func answer(_ path: String) -> StatusServer.Answer? {
    switch path {
    case "/status":
      StatusServer.Answer(
        status: .ok, type: "application/json", body: status.tree(inputs, outputs).text())
    case "/metrics":
      StatusServer.Answer(
        status: .ok, type: "text/plain; version=0.0.4; charset=utf-8",
        body: metrics.text)
    case "/livez": .text(.ok, "ok\n")
    case "/healthz":
      switch (status.health, status.file) {
      case (let health?, _) where !health.isGood:
        .text(.serviceUnavailable, health.reason + "\n")
      // It may be the file of a gateway pod, whose health is asked for here.
      case (_, .bad(let problems)) where !status.hasFile:
        .text(.serviceUnavailable, "no state file is in force: \(problems[0])\n")
      default: .text(.ok, "ok\n")
      }
    case "/readyz":
      status.isReady
        ? .text(.ok, "ready\n") : .text(.serviceUnavailable, "not yet: \(status.notReady)\n")
    default: nil
    }
  }
}
