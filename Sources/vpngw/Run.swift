import Agent
import ArgumentParser

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Keep the kernel equal to a state file and to what is alive, until SIGTERM.",
    discussion: """
      Checks again whenever the file, a signal or the kernel changes. A file that is wrong is \
      refused, and the one before it stays in force. SIGHUP reads the file again; SIGTERM ends \
      without changing anything. Serves /status, /metrics, /healthz, /livez and /readyz over HTTP.

      Gives up every capability that the file doesn't need (validate --privileges), for good. Tells \
      systemd (Type=notify) when its first pass is over.
      """)

  enum Exit: String, ExpressibleByArgument, CaseIterable {
    case keep, remove
  }

  enum Level: String, ExpressibleByArgument, CaseIterable {
    case debug, info, warning, error
  }

  @Argument(help: "The state file.", completion: .file(extensions: ["json"]))
  var file: String

  @OptionGroup var listen: Listen

  @Option(help: "Check everything at least this often.", transform: Apply.duration)
  var resync: Duration = .seconds(30)

  @Option(help: "What becomes of what vpngw made when it ends.")
  var onExit = Exit.keep

  @Flag(help: "Allow probes of type exec.")
  var allowExec = false

  @Flag(help: "Take the state file even if everybody may write it.")
  var allowWorldWritable = false

  @Flag(help: "Keep all capabilities: a later state file may need more than this one.")
  var keepCapabilities = false

  @Option(help: "The least level that is logged.")
  var logLevel = Level.info

  @OptionGroup var parameters: ParameterOptions
  @OptionGroup var common: Common

  func run() throws {
    var options = Session.RunOptions()
    options.address = listen.address
    options.port = listen.port
    options.resync = resync
    options.removesOnExit = onExit == .remove
    options.allowsExec = allowExec
    options.trustsWritableFile = allowWorldWritable
    options.keepsCapabilities = keepCapabilities
    options.logLevel = logLevel.rawValue
    try common.run(parameters) { try $0.run(file, options) }
  }
}

struct StatusOf: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "What a running `run` knows.",
    discussion: """
      Exit status: 0 the file is valid and the kernel as it says, 1 not so, or nobody answers.
      """)

  @Flag(help: "A line for every probe, those of services as well.")
  var all = false

  @OptionGroup var listen: Listen
  @OptionGroup var common: Common

  func run() throws {
    try common.run { try $0.status(listen.address, port: listen.port, listsAll: all) }
  }
}

/// Where a running `run` listens.
struct Listen: ParsableArguments {
  @Option(
    help: """
      Where run serves its status: ADDRESS:PORT. Beyond loopback, anybody who reaches it may read it.
      """, transform: Listen.parse)
  var listen = (Session.RunOptions.defaultAddress, Session.RunOptions.defaultPort)

  var address: String { listen.0 }
  var port: Int { listen.1 }

  @Sendable static func parse(_ text: String) throws -> (String, Int) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else {
      throw ValidationError("\"\(text)\" is no ADDRESS:PORT, such as 127.0.0.1:9118 or [::1]:9118.")
    }
    let address = text[..<colon].filter { $0 != "[" && $0 != "]" }
    return (address.isEmpty ? "0.0.0.0" : address, Int(port))
  }
}
