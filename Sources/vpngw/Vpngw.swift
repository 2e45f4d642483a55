import Agent
import ArgumentParser

@main
struct Vpngw: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vpngw",
    abstract: "Keeps a Linux machine's network equal to one JSON file.",
    discussion: """
      Write down links, addresses, routes, rules and sysctls in a state file; see what it would \
      change with plan, change it with apply. What vpngw made and the file no longer says is \
      removed; what others made is left alone.

      Exit status: 0 done or nothing to do; 1 failed, or something isn't as it should be; 2 plan \
      found changes; 64 the command line is wrong.
      """,
    version: "vpngw 0.1.0",
    subcommands: [
      Validate.self, SchemaOf.self, Expand.self, Plan.self, Apply.self, Confirm.self, Show.self,
      Run.self,
      StatusOf.self, VRRP.self, Net.self, Import.self,
    ])
}

/// Options of every command.
struct Common: ParsableArguments {
  @Option(help: "Work in this network namespace: a name of `ip netns`, or a path.")
  var netns: String?

  @Flag(help: "Print JSON.")
  var json = false

  @Option(help: "Where to keep what must outlive the process until the next boot.")
  var runDirectory = RunDirectory.defaultPath

  /// Runs a command's work; an error goes to standard error, and the exit status is 1.
  func run(_ parameters: ParameterOptions? = nil, _ body: (Session) throws -> Int32) throws {
    var options = Session.Options()
    options.parameters = parameters?.set ?? []
    options.netns = netns
    options.isJSON = json
    options.runDirectory = runDirectory
    let status: Int32
    do {
      status = try body(Session(options))
    } catch {
      Console.complain("vpngw: \(error)\n")
      status = Session.Status.failed
    }
    if status != Session.Status.done { throw ExitCode(status) }
  }
}

/// The values of the file's parameters.
struct ParameterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A parameter's value, such as INDEX=3; repeatable. It wins over the environment.",
      valueName: "name=value"))
  var set: [String] = []
}

struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Report every mistake in state files.",
    discussion: "Each problem is a line: FILE:LINE:COLUMN: /json/pointer: what is wrong.")

  @Argument(help: "State files; - is standard input.", completion: .file(extensions: ["json"]))
  var files: [String]

  @Flag(
    help: """
      Also what run needs for each file: capabilities, and settings under /proc/sys, with what a pod \
      states where these are read-only.
      """)
  var privileges = false

  @OptionGroup var parameters: ParameterOptions
  @OptionGroup var common: Common

  func run() throws {
    try common.run(parameters) { try $0.validate(files, withPrivileges: privileges) }
  }
}

struct SchemaOf: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of state files.",
    discussion: """
      Editors read it from the file that "$schema" names, such as /usr/share/vpngw/state.json, which \
      the package installs.
      """)

  @OptionGroup var common: Common

  func run() throws { try common.run { try $0.schema() } }
}

/// The states of signals, as stated by the user or found by single attempts of probes.
struct Signals: ParsableArguments {
  @Option(
    name: .customLong("signal"),
    help: """
      Take this signal for up or down, such as probe.gw0=down; repeatable. A probe's signal that \
      isn't stated is unknown, and what depends on it is left as it is.
      """)
  var stated: [String] = []

  @Flag(
    help: "Try each probe once, except those that --signal states: success is up, failure down.")
  var probe = false

  @Flag(help: "Allow probes of type exec.")
  var allowExec = false

  var isEmpty: Bool { stated.isEmpty && !probe }

  var inputs: Session.Inputs {
    var inputs = Session.Inputs()
    inputs.stated = stated
    inputs.probes = probe
    inputs.allowsExec = allowExec
    return inputs
  }

  func validate() throws {
    if allowExec, !probe { throw ValidationError("--allow-exec applies to --probe only.") }
  }
}

struct Expand: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the plain kernel objects that a state file stands for.",
    discussion:
      "Doesn't read the kernel: what depends on an unstated signal is left out, and named.")

  @Argument(help: "The state file; - is standard input.", completion: .file(extensions: ["json"]))
  var file: String

  @OptionGroup var signals: Signals
  @OptionGroup var parameters: ParameterOptions
  @OptionGroup var common: Common

  func run() throws { try common.run(parameters) { try $0.expand(file, given: signals.inputs) } }
}

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what apply would change; changes nothing.",
    discussion: """
      + creates, ~ changes in place, ! replaces (deletes and makes anew), - deletes.
      Exit status: 0 nothing to do, 2 something to do, 1 the file is wrong or can't be fulfilled.
      """)

  @Argument(help: "The state file; - is standard input.", completion: .file(extensions: ["json"]))
  var file: String

  @Option(help: "Save the plan to this file, for apply --plan.", completion: .file())
  var out: String?

  @Option(
    help: "Plan against what `show` printed into this file, not against the kernel.",
    completion: .file())
  var observed: String?

  @Flag(
    help: """
      Also load the file's nftables into a network namespace that is thrown away, and say what the \
      kernel refuses of them.
      """)
  var check = false

  @Flag(help: "Ask no DNS provider what is published: leave the section ddns out.")
  var offline = false

  @OptionGroup var signals: Signals
  @OptionGroup var parameters: ParameterOptions
  @OptionGroup var common: Common

  func validate() throws {
    if check, observed != nil {
      throw ValidationError(
        "--check asks this machine's kernel, and --observed is about another's: give one of them.")
    }
  }

  func run() throws {
    try common.run(parameters) {
      try $0.plan(
        file, observed: observed, out: out, given: signals.inputs, isChecked: check,
        isOffline: offline)
    }
  }
}

struct Apply: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the kernel equal to a state file.",
    discussion: """
      A step that fails stops those that depend on it and no others; all failures are reported. \
      Whatever the kernel answered, the result is checked against it afterwards.
      Exit status: 0 the kernel is as the file says, 1 it isn't, or the change was undone.
      """)

  @Argument(help: "The state file; - is standard input.", completion: .file(extensions: ["json"]))
  var file: String?

  @Option(
    help: "Carry out a plan that `plan --out` saved; refused if the kernel has changed since.",
    completion: .file())
  var plan: String?

  @Flag(help: "Only show what would be done.")
  var dryRun = false

  @Flag(
    help: """
      Undo everything at the first step that fails; do nothing when something is known beforehand \
      that can't be done.
      """)
  var allOrNothing = false

  @Option(
    help: """
      Undo everything after this time (such as 60s) unless it is confirmed, by Enter or by \
      `vpngw confirm`; also when the terminal is lost. When a step fails, it is undone at once.
      """,
    transform: Apply.duration)
  var confirm: Duration?

  @OptionGroup var signals: Signals
  @OptionGroup var parameters: ParameterOptions
  @OptionGroup var common: Common

  func validate() throws {
    if (file == nil) == (plan == nil) {
      throw ValidationError("Give a state file, or --plan with a saved plan.")
    }
    if plan != nil, !parameters.set.isEmpty {
      throw ValidationError("A saved plan has its parameters already: give --set to plan.")
    }
    if plan != nil, !signals.isEmpty {
      throw ValidationError(
        "A saved plan has its signals already: give --signal and --probe to plan.")
    }
  }

  func run() throws {
    var options = Session.ApplyOptions()
    options.isDryRun = dryRun
    options.confirm = confirm
    options.isAllOrNothing = allOrNothing
    try common.run(parameters) {
      try $0.apply(
        file.map(Session.Request.file) ?? .plan(plan!), options, given: signals.inputs)
    }
  }

  @Sendable static func duration(_ text: String) throws -> Duration {
    guard let duration = Session.duration(text), duration > .zero else {
      throw ValidationError("\"\(text)\" is no duration: write 60s, 5m or 1h.")
    }
    return duration
  }
}

struct Confirm: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Keep the change that apply --confirm made.")

  @OptionGroup var common: Common

  func run() throws { try common.run { try $0.confirm() } }
}

struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what vpngw made, as a state file for which plan finds nothing to do.")

  @Flag(help: "Also what others made, marked as theirs.")
  var all = false

  @OptionGroup var common: Common

  func run() throws { try common.run { try $0.show(all: all) } }
}

struct VRRP: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vrrp",
    abstract: "Watch VRRP advertisements on a link, a line each.",
    discussion: """
      Both families, versions 2 and 3, in and out, beside the daemon or keepalived. Needs \
      CAP_NET_RAW alone. Ends at ^C, and when the link is gone (status 1).
      """)

  @Argument(help: "The link, such as eth0.")
  var link: String

  @Option(help: "End after this many lines.")
  var count: Int?

  @OptionGroup var common: Common

  func validate() throws {
    if let count, count < 1 { throw ValidationError("--count must be 1 or more.") }
  }

  func run() throws { try common.run { try $0.watchVRRP(link, count: count) } }
}
