import JSON
import Kernel
import Model
import Netlink
import Nftables
import State
import TestSupport

/// Loads a ruleset with nft and with our code, each in a namespace of its own.
struct Oracle {
  /// What nft prints of a ruleset.
  struct Listing: Equatable {
    /// Bytecode, then text.
    var debug: String
    var json: String
  }

  let theirs: Listing
  let ours: Listing
  let tables: [Nftables.Table]
  /// As compiled, as read back from what we loaded, and from what nft loaded.
  let programs: [TableProgram]
  let observed: [TableProgram]
  let theirsObserved: [TableProgram]

  /// We load what nft prints for `text`, and nft loads that again. Where 1.0.6 can't read or print
  /// it properly, `correcting` repairs it for us, and nft's version is what `text` made.
  init(text: String, correcting: ((String) -> String)? = nil) throws {
    let a = try Namespace.make()
    let printed = try a.run { () -> String in
      let loaded = try run(["nft", "-f", "-"], input: text)
      // This machine's kernel lacks it.
      if loaded.error.contains("Could not process rule: Operation not supported")
        || loaded.error.contains("Could not process rule: No such file")
        || loaded.error.contains("Could not process rule: Protocol error")
      {
        throw UnsupportedHere(description: loaded.error)
      }
      if loaded.status != 0 { throw CommandFailed(description: "nft -f: \(loaded.error)") }
      return try run(["nft", "-j", "list", "ruleset"]).output
    }
    if correcting == nil {
      let again = try Namespace.make()
      (theirs, theirsObserved) = try again.run {
        try sh("nft -j -f -", input: printed)
        return (try Self.list(), try NftablesKernel().observe().tables)
      }
    } else {
      (theirs, theirsObserved) = try a.run {
        (try Self.list(), try NftablesKernel().observe().tables)
      }
    }
    tables = try Self.read(correcting?(printed) ?? printed)
    let programs = try Self.compile(tables)
    self.programs = programs
    let b = try Namespace.make()
    (ours, observed) = try b.run {
      try NftablesKernel().create(programs)
      return (try Self.list(), try NftablesKernel().observe().tables)
    }
  }

  static func compile(_ tables: [Nftables.Table]) throws -> [TableProgram] {
    try tables.map { try TableCompiler.compile($0, names: .read()) { $0 == "lo" ? 1 : nil }.get() }
  }

  static func read(_ json: String) throws -> [Nftables.Table] {
    let document = try Document(Array(json.utf8))
    let problems = Problems()
    let tables = NftablesReader.read(
      document.root["nftables"] ?? document.root, at: Pointer(), into: problems)
    withExtendedLifetime(document) {}
    if !problems.list.isEmpty {
      throw CommandFailed(description: problems.list.joined(separator: "\n"))
    }
    return tables
  }

  static func list() throws -> Listing {
    Listing(
      debug: normal(try sh("nft --debug=netlink list ruleset")),
      json: withoutHandles(try run(["nft", "-j", "list", "ruleset"]).output))
  }

  /// Without handles, and with sorted elements: hash tables list theirs in any order.
  private static func normal(_ text: String) -> String {
    var lines: [Substring] = []
    var elements: [Substring] = []
    for line in withoutExpiry(text).split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("\telement ") {
        elements.append(line)
        continue
      }
      lines += elements.sorted()
      elements = []
      if let first = line.first, first.isLetter, !line.hasSuffix("{"), !line.contains("@") {
        lines.append(line.split(separator: " ").prefix(3).joined(separator: " ")[...])
      } else {
        lines.append(line)
      }
    }
    return (lines + elements.sorted()).joined(separator: "\n")
  }

  /// The remaining time of a timeout changes while we compare.
  static func withoutExpiry(_ text: String) -> String {
    text.replacing(/\ expires [0-9a-z]+/, with: "").replacing(/, "expires": [0-9]+/, with: "")
  }

  private static func withoutHandles(_ json: String) -> String {
    var parts = withoutExpiry(json).split(
      separator: "\"handle\": ", omittingEmptySubsequences: false)
    for index in parts.indices.dropFirst() {
      parts[index] = parts[index].drop { $0.isNumber }
    }
    return parts.joined(separator: "\"handle\": ")
  }
}

struct UnsupportedHere: Error, CustomStringConvertible {
  let description: String
}

/// Collects problems as `POINTER: MESSAGE`.
final class Problems: NftablesSink {
  var list: [String] = []

  func report(_ message: String, at pointer: Pointer) { list.append("\(pointer): \(message)") }
}

/// The lines that only one of two texts has.
func difference(_ left: String, _ right: String) -> String {
  let (a, b) = (left.split(separator: "\n"), right.split(separator: "\n"))
  return b.difference(from: a).map { change in
    switch change {
    case .remove(_, let line, _): "nft:  \(line)"
    case .insert(_, let line, _): "ours: \(line)"
    }
  }.joined(separator: "\n")
}
