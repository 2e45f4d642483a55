import Glibc
import Netlink
import TestSupport

/// The built program, with files, a run directory and a namespace of its own.
struct Vpngw {
  let directory: String

  static func inNamespace(_ body: (Vpngw) throws -> Void) throws {
    let namespace = try Namespace.make()
    try TemporaryDirectory.with { directory in
      try namespace.run {
        try sh("ip link set lo up")
        try body(Vpngw(directory: directory))
      }
    }
  }

  /// It is beside the test bundle.
  static let path: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own[...own.lastIndex(of: "/")!] + "vpngw"
  }()

  func arguments(_ words: [String]) -> [String] {
    [Self.path] + words + ["--run-directory", directory + "/run"]
  }

  func callAsFunction(_ words: String..., input: String = "") throws -> Finished {
    try run(arguments(words), input: input)
  }

  func start(_ words: String..., input: String = "") throws -> Started {
    try Started(arguments(words), input: input)
  }

  /// The command line that confirms a change here, as vpngw prints it.
  var confirm: String { "vpngw confirm --run-directory \(directory)/run" }

  /// The sum of a metric's values on lines that contain `part`, as the daemon here serves them.
  func metric(_ name: String, _ part: String = "") throws -> Int {
    let metrics = try run(["curl", "-sm", "5", "127.0.0.1:9118/metrics"]).output
    return metrics.split(separator: "\n").reduce(0) { sum, line in
      let words = line.split(separator: " ")
      guard words[0].split(separator: "{")[0] == name, line.contains(part) || part.isEmpty else {
        return sum
      }
      return sum + (words.last.flatMap { Int($0) } ?? 0)
    }
  }

  /// Writes a file into the directory; returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    let path = directory + "/" + name
    try writeFile(path, text)
    return path
  }
}
