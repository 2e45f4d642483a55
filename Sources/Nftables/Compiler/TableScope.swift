internal import Addressing

/// What names mean within a table.
struct TableScope {
  struct SetType {
    var key: Shape
    /// A map's; nil for a set, a verdict map and a map of objects.
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
  /// What is known of the network's protocol where a rule is read: `ip` or `ip6`.
  var network: String?
  /// Numbers of links by their names.
  let link: (String) -> UInt32?
  /// What else names mean on this machine.
  var names = MachineNames()
  /// And the other way round.
  var linkName: (UInt32) -> String? = { _ in nil }

  init(family: Nftables.Family, link: @escaping (String) -> UInt32?) {
    self.family = family
    self.link = link
  }

  func unknown(set name: String) -> CompileError { CompileError("no set is called \"\(name)\"") }
}
