internal import JSON
internal import Model
internal import Nftables

extension NftablesReader {
  func readSet(_ fields: NftablesFields, isMap: Bool) {
    guard let index = table(of: fields), let name = fields.required(string: "name"),
      let key = fields.required("type")
    else { return }
    guard let type = within(.key("type"), { typeOf(key) }) else { return }
    var set = Nftables.NamedSet(name: name, key: type)
    if isMap {
      guard let data = fields.required("map") else { return }
      guard let leads = within(.key("map"), { self.data(data) }) else { return }
      set.data = leads
    }
    for word in fields.words("flags") {
      guard let flag = Nftables.NamedSet.Flag(rawValue: word) else {
        within(.key("flags")) { report("set flag \"\(word)\"") }
        continue
      }
      set.flags.insert(flag)
    }
    set.timeout = time(fields, "timeout")
    set.gcInterval = time(fields, "gc-interval")
    set.size = fields.integer("size")
    set.policy = fields.word("policy", "policy")
    set.autoMerge = fields.bool("auto-merge")
    set.comment = fields.string("comment")
    set.statements = fields.read("stmt") { statements($0) } ?? []
    set.elements = fields.read("elem") { elements($0) } ?? []
    note(.set(name), of: index)
    change(index) { table in
      guard !table.sets.contains(where: { $0.name == name }) else {
        return report("\(name) is stated twice")
      }
      table.sets.append(set)
    }
  }

  /// `{"element": ...}`: more elements for a set that is stated above.
  func readElement(_ fields: NftablesFields) {
    guard let index = table(of: fields), let name = fields.required(string: "name") else { return }
    guard let elements = fields.read("elem", { elements($0) }) else {
      if !fields.has("elem") { report("\"elem\" is missing") }
      return
    }
    guard let set = tables[index].sets.firstIndex(where: { $0.name == name }) else {
      return within(.key("name")) { report("no set \(name) stands above") }
    }
    change(index) { $0.sets[set].elements += elements }
  }

  func readObject(_ kind: String, _ fields: NftablesFields) {
    guard let index = table(of: fields), let name = fields.required(string: "name") else { return }
    let content: Nftables.NamedObject.Content
    switch kind {
    case "counter":
      content = .counter(
        packets: fields.integer("packets") ?? 0, bytes: fields.integer("bytes") ?? 0)
    case "quota":
      guard let quota = quota(fields) else { return }
      content = .quota(quota)
    case "limit":
      guard let limit = limit(fields) else { return }
      content = .limit(limit)
    case "synproxy": content = .synproxy(synproxy(fields))
    case "secmark":
      guard let context = fields.required(string: "context") else { return }
      content = .secmark(context)
    default:
      guard let found = tracking(kind, fields) else { return }
      content = found
    }
    let object = Nftables.NamedObject(
      name: name, content: content, comment: fields.string("comment"))
    note(.object(name), of: index)
    change(index) { $0.objects.append(object) }
  }

  /// Reads a connection-tracking object.
  private func tracking(
    _ kind: String, _ fields: NftablesFields
  ) -> Nftables.NamedObject.Content? {
    guard let proto: Nftables.TransportProtocol = fields.required(word: "protocol", "protocol")
    else { return nil }
    let l3proto: Nftables.Family? = fields.word("l3proto", "l3proto")
    switch kind {
    case "ct timeout":
      var policy: [String: UInt32] = [:]
      if let stated = fields["policy"] {
        within(.key("policy")) {
          guard let members = stated.members else { return report("an object belongs here") }
          for member in members where member.key != commentKey {
            within(.key(member.key)) {
              guard let value = member.value.integer.flatMap({ UInt32(exactly: $0) }) else {
                return report("seconds belong here")
              }
              policy[member.key] = value
            }
          }
        }
      }
      return .ctTimeout(protocol: proto, l3proto: l3proto, policy: policy)
    case "ct expectation":
      guard let port: UInt16 = fields.required(integer: "dport"),
        let timeout: UInt32 = fields.required(integer: "timeout"),
        let size: UInt8 = fields.required(integer: "size")
      else { return nil }
      return .ctExpectation(
        protocol: proto, l3proto: l3proto, port: port, timeout: timeout, size: size)
    default:
      guard let type = fields.required(string: "type") else { return nil }
      guard proto == .tcp || proto == .udp else {
        return within(.key("protocol")) { fail("tcp or udp") }
      }
      return .ctHelper(type: type, protocol: proto, l3proto: l3proto)
    }
  }

  /// In milliseconds, from a number of seconds or from text such as `1h30m`.
  private func time(_ fields: NftablesFields, _ key: String) -> UInt64? {
    fields.read(key) { value -> UInt64? in
      if let seconds = value.integer.flatMap({ UInt32(exactly: $0) }) {
        return UInt64(seconds) * 1000
      }
      guard let text = value.string, let time = Nftables.Duration.milliseconds(text) else {
        return fail("a time: whole seconds, or text such as \"1h30m\"")
      }
      // The kernel counts in ticks, whose length differs between machines.
      guard time % 100 == 0 else { return fail("a time in tenths of a second or more") }
      return time
    }
  }

  func statements(_ value: JSON.Value) -> [Nftables.Statement]? {
    guard let elements = value.elements else { return fail("an array of statements") }
    return elements.indices.compactMap { index in
      within(.index(index)) { statement(elements[index]) }
    }
  }

  // MARK: - Types

  private func typeOf(_ value: JSON.Value) -> Nftables.TypeOf? {
    if let name = value.string { return .types(name.split(separator: " . ").map(String.init)) }
    if let elements = value.elements {
      let names = elements.compactMap(\.string)
      guard names.count == elements.count, !names.isEmpty else {
        return fail("names of types belong here")
      }
      return .types(names)
    }
    guard case ("typeof", let inner)? = sole(value) else {
      return fail("the name of a type, an array of them, or {\"typeof\": ...}")
    }
    return within(.key("typeof")) {
      switch expression(inner) {
      case .concat(let parts)?, .list(let parts)?: .expressions(parts)
      case let one?: .expressions([one])
      case nil: nil
      }
    }
  }

  private func data(_ value: JSON.Value) -> Nftables.Data? {
    switch value.string {
    case "verdict"?: return .verdict
    case let text?:
      if let kind = Nftables.ObjectKind(rawValue: text) { return .object(kind) }
      return typeOf(value).map { .value($0) }
    case nil: return typeOf(value).map { .value($0) }
    }
  }

  // MARK: - Elements

  func elements(_ value: JSON.Value) -> [Nftables.Element]? {
    guard let elements = value.elements else {
      return element(value).map { [$0] }
    }
    var found: [Nftables.Element] = []
    found.reserveCapacity(elements.count)
    for (index, value) in elements.enumerated() {
      guard let element = within(.index(index), { pair(value) }) else { continue }
      found.append(element)
    }
    return found.count == elements.count ? found : nil
  }

  /// `key`, or for a map `[key, data]`.
  private func pair(_ value: JSON.Value) -> Nftables.Element? {
    guard let parts = value.elements else { return element(value) }
    guard parts.count == 2 else { return fail("[key, data] belongs here") }
    guard var element = within(.index(0), { element(parts[0]) }),
      let data = within(.index(1), { expression(parts[1]) })
    else { return nil }
    element.data = data
    return element
  }

  /// A key, or `{"elem": {"val": key, "timeout": ...}}`.
  func element(_ value: JSON.Value) -> Nftables.Element? {
    guard case ("elem", let content)? = sole(value) else { return key(value) }
    return within(.key("elem")) {
      guard let fields = NftablesFields(content, self), let inner = fields.required("val"),
        var element = within(.key("val"), { key(inner) })
      else { return nil }
      element.timeout = time(fields, "timeout")
      element.expires = time(fields, "expires")
      element.comment = fields.string("comment")
      // nft prints the statements of live elements here, in order.
      for member in content.members! where Self.elementStatements.contains(member.key) {
        _ = fields[member.key]
        if let found = statement(member.key, member.value) { element.statements.append(found) }
      }
      element.statements += fields.read("stmt") { statements($0) } ?? []
      fields.finish()
      return element
    }
  }

  private static let elementStatements: Set = ["counter", "limit", "quota", "ct count", "last"]

  private func key(_ value: JSON.Value) -> Nftables.Element? {
    if value.string == "*" { return Nftables.Element(nil) }
    return expression(value).map { Nftables.Element($0) }
  }
}
