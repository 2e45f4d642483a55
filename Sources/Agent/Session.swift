internal import CLinux
internal import Glibc
import JSON
import Kernel
import Model
import Netlink
import Nftables
import State

/// One run of a command: where it works and what it prints. Each command returns its exit status.
public struct Session {
  public struct Options: Sendable {
    /// A name of `ip netns`, or a path; nil: the process's namespace.
    public var netns: String?
    public var isJSON = false
    public var runDirectory = RunDirectory.defaultPath
    /// Parameters' values, each `NAME=VALUE`.
    public var parameters: [String] = []

    public init() {}
  }

  /// Exit statuses of all commands.
  public enum Status {
    /// Done, or nothing to do.
    public static let done: Int32 = 0
    public static let failed: Int32 = 1
    /// The plan isn't empty.
    public static let changes: Int32 = 2
  }

  public let options: Options
  let parameters: ParameterSources

  /// Moves the process into the namespace: call it before any thread is started.
  public init(_ options: Options) throws {
    self.options = options
    Privileges.raise()
    parameters = try ParameterSources(stated: options.parameters)
    // Otherwise glibc walks through its small free blocks whenever a large one is freed, which took
    // a fifth of the time for big state files.
    mallopt(M_MXFAST, 0)
    // If our parent ignores it, nobody could wait for our children.
    signal(SIGCHLD, SIG_DFL)
    guard let name = options.netns else { return }
    do throws(NetlinkError) {
      try Namespace(named: name).enter()
    } catch {
      throw CommandError(
        error.code == ErrorCode.noEntry
          ? "there is no network namespace \"\(name)\": see `ip netns list`" : "\(error)")
    }
  }

  // MARK: - What commands share

  /// A command line that runs `verb` in the same place, to be pasted into a shell.
  func command(_ verb: String) -> String {
    var words = ["vpngw", verb]
    if let netns = options.netns { words += ["--netns", netns] }
    if options.runDirectory != RunDirectory.defaultPath {
      words += ["--run-directory", options.runDirectory]
    }
    return words.map(\.quotedForShell).joined(separator: " ")
  }

  /// `complain` is called with what can't be read in the run directory.
  func reconciler(
    _ complain: (String) -> Void = { Console.complain("vpngw: \($0)\n") }
  ) throws -> Reconciler {
    // Its contents are trusted.
    try RunDirectory(path: options.runDirectory, namespaceCookie: nil).check()
    let reconciler = try Reconciler(runDirectory: options.runDirectory)
    for damage in reconciler.damages {
      complain("\(damage); what vpngw changed before may not be known")
    }
    return reconciler
  }

  /// What the file asks for; nil if it is invalid, which has been reported then.
  ///
  /// With nil `surroundings`, key files aren't read, and host names aren't resolved. A file that vpngw
  /// printed has no parameters.
  func load(
    _ path: String, surroundings: Machine? = .atOnce, isPrinted: Bool = false
  ) throws -> DesiredState? {
    let bytes = try File.read(path)
    do throws(Problems) {
      return try StateFile.decode(
        bytes, names: .machine, parameters: isPrinted ? ParameterSources() : parameters,
        surroundings: surroundings)
    } catch {
      report([(path, error.list)])
      return nil
    }
  }

  /// Reports mistakes in files: `FILE:LINE:COLUMN: /json/pointer: what`.
  func report(_ files: [(path: String, problems: [Problem])]) {
    if options.isJSON {
      let list = files.flatMap { path, problems in problems.map { $0.tree(path) } }
      Console.print(Tree.object([("problems", .array(list))]).text())
    } else {
      let lines = files.flatMap { path, problems in problems.map { "\(path):\($0)\n" } }
      Console.complain(lines.joined())
    }
  }

  /// `vpngw validate FILE...`
  ///
  /// A parameter needs to be declared by one of the files only.
  /// `withPrivileges`: also what `run` needs for each of them.
  public func validate(_ paths: [String], withPrivileges: Bool = false) throws -> Int32 {
    let files = try paths.map { (path: $0, bytes: try File.read($0)) }
    let declared = files.map { StateFile.parameterNames($0.bytes) }
    let elsewhere = declared.reduce(into: Set<String>()) { $0.formUnion($1 ?? []) }
    var wrong: [(path: String, problems: [Problem])] = []
    var needs: [FileNeeds] = []
    for ((path, bytes), own) in zip(files, declared) {
      var parameters = parameters
      parameters.stated = parameters.stated.filter { name, _ in
        own?.contains(name) ?? true || !elsewhere.contains(name)
      }
      do throws(Problems) {
        let desired = try StateFile.decode(bytes, names: .machine, parameters: parameters)
        if withPrivileges { needs.append(FileNeeds(path, desired)) }
      } catch {
        wrong.append((path, error.list))
      }
    }
    if options.isJSON, withPrivileges {
      let problems = wrong.flatMap { path, problems in problems.map { $0.tree(path) } }
      let members: [(String, Tree)] = [
        ("problems", .array(problems)), ("needs", .array(needs.map(\.tree))),
      ]
      Console.print(Tree.object(members).text())
    } else if options.isJSON || !wrong.isEmpty {
      report(wrong)
    }
    if !options.isJSON {
      let valid = paths.filter { path in !wrong.contains { $0.path == path } }
      let texts = Dictionary(needs.map { ($0.path, $0.text) }) { first, _ in first }
      Console.print(valid.map { "\($0): valid\n" + (texts[$0] ?? "") }.joined())
    }
    return wrong.isEmpty ? Status.done : Status.failed
  }
}

extension String {
  fileprivate var quotedForShell: String {
    let isPlain = utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./:@,+=".utf8.contains(byte)
      }
    }
    return isPlain && !isEmpty ? self : "'" + replacing("'", with: "'\\''") + "'"
  }
}

extension ParameterSources {
  /// From this process's environment, and from `--set NAME=VALUE`.
  init(stated: [String]) throws {
    var values: [String: String] = [:]
    for text in stated {
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
        throw CommandError("--set \(text): write NAME=VALUE")
      }
      let (name, value) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
      guard values.updateValue(value, forKey: name) ?? value == value else {
        throw CommandError("--set \(name): stated twice, with two values")
      }
    }
    self.init(stated: values) { name in
      getenv(name).map { value in
        Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
      }
    }
  }
}

extension Names {
  /// With the names that this machine's iproute2 knows.
  static var machine: Names {
    Names(tables: NameTables().tables, protocols: NameTables().protocols, nftables: .read())
  }
}

extension Problem {
  fileprivate func tree(_ path: String) -> Tree {
    .object([
      ("file", .string(path)), ("line", .integer(place.line)), ("column", .integer(place.column)),
      ("pointer", .string(pointer?.description ?? "")), ("message", .string(message)),
    ])
  }
}

extension Session {
  /// `60s`, `5m`: nil for anything else.
  public static func duration(_ text: String) -> Duration? { Duration(text: text) }
}
