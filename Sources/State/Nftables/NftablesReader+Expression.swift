internal import JSON
internal import Model
import Nftables

extension NftablesReader {
  func expression(_ value: JSON.Value) -> Nftables.Expression? {
    // Whatever handles the expression later recurses as deep.
    guard depth < 100 else { return fail("it is nested too deep") }
    switch value.kind {
    case .string:
      let text = value.string!
      if text.hasPrefix("@") { return .reference(String(text.dropFirst())) }
      return .symbol(text)
    case .integer:
      guard let number = UInt64(exactly: value.integer!) else {
        return fail("a number isn't negative here")
      }
      return .number(number)
    case .bool: return .boolean(value.bool!)
    case .array: return list(value).map { .list($0) }
    case .object: return object(value)
    case .real, .null: return fail("an expression belongs here")
    }
  }

  /// Nil if any of them is wrong.
  func list(_ value: JSON.Value) -> [Nftables.Expression]? {
    guard let elements = value.elements else { return fail("an array belongs here") }
    var list: [Nftables.Expression] = []
    list.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      guard let expression = within(.index(index), { expression(element) }) else { continue }
      list.append(expression)
    }
    return list.count == elements.count ? list : nil
  }

  private func object(_ value: JSON.Value) -> Nftables.Expression? {
    guard let (key, content) = only(value, "an expression") else { return nil }
    return within(.key(key)) {
      if let verdict = verdict(key, content) { return .verdict(verdict) }
      if let op = Nftables.Expression.Operator(rawValue: key) { return binary(op, content) }
      switch key {
      case "concat": return list(content).map { .concat($0) }
      case "set": return elements(content).map { .set($0) }
      case "range":
        guard let bounds = list(content) else { return nil }
        guard bounds.count == 2 else { return fail("two bounds belong here") }
        return .range(bounds[0], bounds[1])
      default: break
      }
      guard let fields = NftablesFields(content, self) else { return nil }
      let count = reportCount
      guard let found = object(key, fields) else { return nil }
      fields.finish()
      return reportCount == count ? found : nil
    }
  }

  func verdict(_ key: String, _ content: JSON.Value) -> Nftables.Verdict? {
    switch key {
    case "accept": return .accept
    case "drop": return .drop
    case "continue": return .continue
    case "return": return .return
    case "jump", "goto":
      guard case ("target", let target)? = sole(content), let target = target.string else {
        return nil
      }
      return key == "jump" ? .jump(target) : .goto(target)
    default: return nil
    }
  }

  private func binary(
    _ op: Nftables.Expression.Operator, _ content: JSON.Value
  ) -> Nftables.Expression? {
    guard let operands = list(content) else { return nil }
    guard (2...100).contains(operands.count) else { return fail("2 to 100 operands belong here") }
    // Newer nft writes a | b | c as one array.
    return operands.dropFirst().reduce(operands[0]) { .binary(op, $0, $1) }
  }

  private func object(_ key: String, _ fields: NftablesFields) -> Nftables.Expression? {
    switch key {
    case "prefix":
      guard let address = fields.required(expression: "addr"),
        let length: UInt8 = fields.required(integer: "len")
      else { return nil }
      return .prefix(address, length: Int(length))
    case "payload": return payload(fields)
    case "meta": return fields.required(string: "key").map { .meta($0) }
    case "ct": return ct(fields)
    case "tcp option" where fields.has("base"):
      guard let kind: UInt8 = fields.required(integer: "base"),
        let offset: UInt16 = fields.required(integer: "offset"),
        let length: UInt8 = fields.required(integer: "len")
      else { return nil }
      return .rawOption(kind: kind, offset: Int(offset), length: Int(length))
    case "exthdr", "tcp option", "ip option", "sctp chunk":
      guard let name = fields.required(string: "name") else { return nil }
      return .option(Nftables.OptionKind(rawValue: key)!, name: name, field: fields.string("field"))
    case "ipsec":
      guard let key = fields.required(string: "key"),
        let direction: Nftables.IPsecDirection = fields.required(word: "dir", "ipsec direction")
      else { return nil }
      return .ipsec(
        key: key, direction: direction, number: fields.integer("spnum") ?? 0,
        family: fields.word("family", "family"))
    case "fib":
      guard let result: Nftables.FIBResult = fields.required(word: "result", "fib") else {
        return nil
      }
      return .fib(result: result, flags: fields.words("flags", of: "fib flag"))
    case "rt":
      return fields.required(string: "key").map {
        .rt(key: $0, family: fields.word("family", "family"))
      }
    case "socket": return fields.required(string: "key").map { .socket($0) }
    case "osf":
      return fields.required(string: "key").map {
        .osf(key: $0, ttl: fields.word("ttl", "osf ttl"))
      }
    case "numgen":
      guard let mode: Nftables.NumgenMode = fields.required(word: "mode", "numgen"),
        let modulus = fields.required(word: "mod")
      else { return nil }
      return .numgen(mode: mode, modulus: modulus, offset: fields.word("offset") ?? 0)
    case "jhash":
      guard let modulus = fields.required(word: "mod"),
        let inner = fields.required(expression: "expr")
      else { return nil }
      return .jhash(
        inner, modulus: modulus, seed: fields.word("seed"),
        offset: fields.word("offset") ?? 0)
    case "symhash":
      guard let modulus = fields.required(word: "mod") else { return nil }
      return .symhash(modulus: modulus, offset: fields.word("offset") ?? 0)
    case "map":
      guard let inner = fields.required(expression: "key"),
        let data = fields.required(expression: "data")
      else { return nil }
      return .map(key: inner, data: data)
    default: return fail("\"\(key)\" is not an expression that is supported")
    }
  }

  private func payload(_ fields: NftablesFields) -> Nftables.Expression? {
    if let name = fields.string("protocol") {
      return fields.required(string: "field").map { .payload(protocol: name, field: $0) }
    }
    guard let base: Nftables.PayloadBase = fields.required(word: "base", "payload base"),
      let offset: UInt16 = fields.required(integer: "offset"),
      let length: UInt8 = fields.required(integer: "len")
    else { return nil }
    return .raw(base: base, offset: Int(offset), length: Int(length))
  }

  private func ct(_ fields: NftablesFields) -> Nftables.Expression? {
    guard var key = fields.required(string: "key") else { return nil }
    // nft before 0.9 wrote `ip saddr` like this.
    if let family = fields.string("family") { key = "\(family) \(key)" }
    return .ct(key: key, direction: fields.word("dir", "ct direction"))
  }
}
