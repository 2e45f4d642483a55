public import Addressing

extension TableDecompiler {
  public init(
    _ table: TableProgram, numbers: LinkNumbers, names: MachineNames = MachineNames()
  ) {
    self.init(table, names: names, link: { numbers[$0] }, linkName: numbers.name)
  }

  /// `type ipv4_addr : mark; flags interval`, without the elements.
  func text(_ program: SetProgram) -> String {
    var bare = program
    bare.elements = []
    guard let set = self.set(bare) else { return "(a set that vpngw can't read)" }
    var parts = [text(set.key, "type")]
    switch set.data {
    case nil: break
    case .verdict?: parts[0] += " : verdict"
    case .value(let type)?: parts[0] += " : " + text(type, "").drop { $0 == " " }
    case .object(let kind)?: parts[0] += " : \(kind.rawValue)"
    }
    if !set.flags.isEmpty {
      parts.append("flags " + set.flags.map(\.rawValue).sorted().joined(separator: ","))
    }
    if let timeout = set.timeout { parts.append("timeout \(RuleText.duration(timeout))") }
    if let size = set.size { parts.append("size \(size)") }
    return parts.joined(separator: "; ")
  }

  private func text(_ type: Nftables.TypeOf, _ word: String) -> String {
    switch type {
    case .types(let names): return "\(word) " + names.joined(separator: " . ")
    case .expressions(let expressions):
      let text = RuleText(scope: scope)
      return (word.isEmpty ? "" : "typeof ")
        + expressions.map { text.text($0) }.joined(separator: " . ")
    }
  }

  /// The first `limit` elements as nft prints them (an interval's two halves as one), and how many
  /// more there are.
  func texts(
    _ elements: [ElementProgram], of set: SetProgram, _ limit: Int
  ) -> (texts: [String], omitted: Int) {
    if elements.isEmpty { return ([], 0) }
    var part = set
    let ends = elements.indices.filter { elements[$0].flags & ElementFlag.intervalEnd == 0 }
    part.elements = limit < ends.count ? Array(elements[..<ends[limit]]) : elements
    guard let type = scope.sets[set.name],
      let read = RuleDecompiler(scope).elements(part, type.key, data: type.data)
    else { return (["(\(elements.count) that vpngw can't read)"], 0) }
    let text = RuleText(scope: scope)
    return (read.map { text.text($0, type.key, type.data) }, max(0, ends.count - limit))
  }

  func text(_ object: ObjectProgram) -> String {
    switch object.content {
    case .counter: "counter"
    case .quota(let quota): "\(quota.isOver ? "over" : "until") \(quota.bytes) bytes"
    case .limit(let limit):
      "rate \(limit.isOver ? "over " : "")\(limit.rate)\(limit.isBytes ? " bytes" : "") each \(limit.per) s burst \(limit.burst)"
    case .ctHelper(let type, let proto, _): "type \"\(type)\" protocol \(proto)"
    // The kind and the name identify it; its settings would take several lines.
    default: "present"
    }
  }
}
