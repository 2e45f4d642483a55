import Agent
import Model
import Netlink
import State
import TestSupport
import Testing

/// An object of a kind, with what it depends on, its changes, and what ip(8) prints of it.
struct Case: Sendable, CustomTestStringConvertible {
  let name: String
  let kind: Kind
  /// Sections of the state file with what the object depends on.
  var base: [String: [String]] = [:]
  let section: String
  let object: String
  /// Changed versions of the object, with the same identity.
  var changed: [String] = []
  /// A command, and what it must print of the object.
  var oracle: (command: String, output: String)
  /// Removes the object behind vpngw's back.
  let removal: String
  /// A command that succeeds if the kernel supports the kind.
  var needs: String?

  var testDescription: String { name }

  /// A state file with the base and one version of the object, or without the object.
  func file(_ object: String?) throws -> NetworkState {
    var sections = base
    if let object { sections[section, default: []].append(object) }
    return try decode(sections)
  }

  /// Cancels the test case on a kernel that lacks the kind.
  func requireKernel() throws {
    guard let needs, (try? sh(needs)) == nil else { return }
    try Test.cancel("this kernel refuses `\(needs)`")
  }
}

func decode(_ sections: [String: [String]]) throws -> NetworkState {
  func members(_ sections: [String: [String]]) -> [String] {
    sections.sorted { $0.key < $1.key }.map { name, objects in
      let list = objects.joined(separator: ", ")
      let isObject = ["sysctls", "ipvs", "timeouts", "sync"].contains(name)
      return "\"\(name)\": " + (isObject ? "{ \(list) }" : "[ \(list) ]")
    }
  }
  // "ipvs/services" is a section within a section.
  var sections = sections
  let ipvs = sections.filter { $0.key.hasPrefix("ipvs/") }
  for name in ipvs.keys { sections[name] = nil }
  if !ipvs.isEmpty {
    let parts = ipvs.map { (String($0.key.dropFirst("ipvs/".count)), $0.value) }
    sections["ipvs"] = members(Dictionary(uniqueKeysWithValues: parts))
  }
  let members = members(sections)
  let text = "{ " + (["\"version\": 1"] + members).joined(separator: ", ") + " }"
  var state = try StateFile.decode(Array(text.utf8)).expanded()
  try state.complete(by: TestKeys())
  return state
}

/// Runs a test inside a network namespace of its own, with a run directory of its own.
func inNamespace(_ body: (_ runDirectory: String) throws -> Void) throws {
  let namespace = try Namespace.make()
  try TemporaryDirectory.with { directory in
    try namespace.run {
      try sh("ip link set lo up")
      try body(directory)
    }
  }
}

/// What ip(8) prints of everything, except what comes and goes by itself.
func snapshot() throws -> String {
  try [
    "ip -o link show", "ip -o address show", "ip nexthop show", "ip route show table all",
    "ip -6 route show table all", "ip rule show", "ip -6 rule show", "ip neighbor show",
    "nft -s list ruleset", "ip neighbor show proxy", "ip -6 neighbor show proxy", "bridge fdb show",
    "sysctl net.ipv4.ip_forward net.ipv4.conf.all.rp_filter",
  ].map { command in
    let lines = try sh(command).split(separator: "\n")
      .filter { !$0.contains("fe80::") && !$0.contains("ff00::/8") && !$0.contains("33:33:") }
      .filter { !$0.contains("01:00:5e") }
      .map { $0.replacing(" tentative", with: "") }
      .sorted()
    return (["# \(command)"] + lines).joined(separator: "\n")
  }.joined(separator: "\n") + ipvsSnapshot()
}

/// What ipvsadm(8) prints of everything; empty if the kernel has no IPVS.
func ipvsSnapshot() -> String {
  ["-Sn", "-Ln --timeout", "-Ln --daemon"].map { options in
    "\n# ipvsadm \(options)\n" + ((try? sh("ipvsadm \(options)")) ?? "")
  }.joined()
}

extension NetworkState {
  func contains(_ id: ObjectID) -> Bool { objects.contains { $0.id == id } }

  /// Whether an object is there as it was asked for.
  func fulfils(_ object: Object) -> Bool {
    // For a table the plan decides, since it compiles what is asked for.
    if let table = object.as(NftablesTable.self) { return tables.contains { $0.id == table.id } }
    func agrees<R: Resource>(_ wanted: R) -> Bool {
      objects.contains {
        ($0.resource as? R).map { $0.id == wanted.id && wanted.agrees(with: $0) } ?? false
      }
    }
    return agrees(object.resource)
  }
}
