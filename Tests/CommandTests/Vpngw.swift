import Glibc
import Netlink
import TestSupport

/// The built program, with files and a run directory of its own, in a namespace of its own.
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

  /// Beside the test bundle.
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

  /// Writes a file into the directory; returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    let path = directory + "/" + name
    try writeFile(path, text)
    return path
  }
}
