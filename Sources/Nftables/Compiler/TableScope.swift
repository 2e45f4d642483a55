internal import Addressing

/// What names mean within a table.
struct TableScope {
  struct SetType {
    var key: Shape
    /// The shape of a map's values; nil for a set, a verdict map and a map of objects.
    var data: Shape?
    var isVerdictMap = false
    var object: UInt32?
    var isInterval: Bool
    var hasTimeouts = false
  }

  let family: Nftables.Family
  var sets: [String: SetType] = [:]
  var chains: Set<String> = []
  var objects: Set<References.Object> = []
  var flowtables: Set<String> = []
  /// The network protocol, if it is known at this point of a rule: `ip` or `ip6`.
  var network: String?
  /// The index of a link by its name.
  let link: (String) -> UInt32?
  /// The other names that this machine defines.
  var names = MachineNames()
  /// The name of a link by its index.
  var linkName: (UInt32) -> String? = { _ in nil }

  init(family: Nftables.Family, link: @escaping (String) -> UInt32?) {
    self.family = family
    self.link = link
  }

  func unknown(set name: String) -> CompileError { CompileError("no set is called \"\(name)\"") }
}
