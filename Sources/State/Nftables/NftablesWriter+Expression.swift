internal import JSON
internal import Model
import Nftables

extension NftablesWriter {
  static func expression(_ expression: Nftables.Expression) -> Tree {
    func object(_ key: String, _ members: [(String, Tree)]) -> Tree {
      .object([(key, .object(members))])
    }
    switch expression {
    case .number(let value): return number(value)
    case .symbol(let text): return .string(text)
    case .boolean(let flag): return .bool(flag)
    case .prefix(let address, let length):
      return object("prefix", [("addr", self.expression(address)), ("len", .integer(length))])
    case .range(let low, let high):
      return .object([("range", .array([self.expression(low), self.expression(high)]))])
    case .list(let members): return .array(members.map(self.expression))
    case .set(let members): return .object([("set", elements(members))])
    case .reference(let name): return .string("@\(name)")
    case .verdict(let verdict): return self.verdict(verdict)
    case .payload(let name, let field):
      return object("payload", [("protocol", .string(name)), ("field", .string(field))])
    case .raw(let base, let offset, let length):
      return object(
        "payload",
        [("base", word(base)), ("offset", .integer(offset)), ("len", .integer(length))])
    case .meta(let key): return object("meta", [("key", .string(key))])
    case .ct(let key, let direction):
      var members: [(String, Tree)] = [("key", .string(key))]
      members.add("dir", direction.map(word))
      return object("ct", members)
    case .option(let kind, let name, let field):
      var members: [(String, Tree)] = [("name", .string(name))]
      members.add("field", field.map { .string($0) })
      return object(kind.rawValue, members)
    case .rawOption(let kind, let offset, let length):
      return object(
        "tcp option",
        [("base", .integer(Int(kind))), ("offset", .integer(offset)), ("len", .integer(length))])
    case .ipsec(let key, let direction, let number, let family):
      var members: [(String, Tree)] = [("key", .string(key))]
      members.add("family", family.map(word))
      members += [("dir", word(direction)), ("spnum", .integer(Int(number)))]
      return object("ipsec", members)
    case .fib(let result, let flags):
      return object("fib", [("result", word(result)), ("flags", words(flags))])
    case .rt(let key, let family):
      var members: [(String, Tree)] = [("key", .string(key))]
      members.add("family", family.map(word))
      return object("rt", members)
    case .socket(let key): return object("socket", [("key", .string(key))])
    case .osf(let key, let ttl):
      var members: [(String, Tree)] = [("key", .string(key))]
      members.add("ttl", ttl.map(word))
      return object("osf", members)
    case .numgen(let mode, let modulus, let offset):
      return object(
        "numgen",
        [
          ("mode", word(mode)), ("mod", .integer(Int(modulus))),
          ("offset", .integer(Int(offset))),
        ])
    case .jhash(let inner, let modulus, let seed, let offset):
      var members: [(String, Tree)] = [("mod", .integer(Int(modulus)))]
      members.add("seed", seed.map { .integer(Int($0)) })
      members.add("offset", offset == 0 ? nil : .integer(Int(offset)))
      members.append(("expr", self.expression(inner)))
      return object("jhash", members)
    case .symhash(let modulus, let offset):
      var members: [(String, Tree)] = [("mod", .integer(Int(modulus)))]
      members.add("offset", offset == 0 ? nil : .integer(Int(offset)))
      return object("symhash", members)
    case .concat(let parts): return .object([("concat", .array(parts.map(self.expression)))])
    case .binary(let op, let left, let right):
      return .object([(op.rawValue, .array([self.expression(left), self.expression(right)]))])
    case .map(let key, let data):
      return object("map", [("key", self.expression(key)), ("data", self.expression(data))])
    }
  }

  static func verdict(_ verdict: Nftables.Verdict) -> Tree {
    switch verdict {
    case .accept: .object([("accept", .null)])
    case .drop: .object([("drop", .null)])
    case .continue: .object([("continue", .null)])
    case .return: .object([("return", .null)])
    case .jump(let target): .object([("jump", .object([("target", .string(target))]))])
    case .goto(let target): .object([("goto", .object([("target", .string(target))]))])
    }
  }

  static func elements(_ elements: [Nftables.Element]) -> Tree {
    .array(
      elements.map { element in
        guard let data = element.data else { return key(element) }
        return .array([key(element), expression(data)])
      })
  }

  /// The element's key, without the value that it leads to.
  static func key(_ element: Nftables.Element) -> Tree {
    let key = element.key.map(expression) ?? .string("*")
    var members: [(String, Tree)] = [("val", key)]
    members.add("timeout", element.timeout.map(time))
    members.add("comment", element.comment.map { .string($0) })
    // As nft prints them: each under its own name.
    for statement in element.statements {
      if case .object(let own) = self.statement(statement) { members += own }
    }
    if Set(members.map(\.0)).count < members.count {
      members.removeLast(element.statements.count)
      members.append(("stmt", .array(element.statements.map(statement))))
    }
    return members.count == 1 ? key : .object([("elem", .object(members))])
  }
}
