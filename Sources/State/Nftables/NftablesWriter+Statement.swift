internal import JSON
internal import Model
import Nftables

extension NftablesWriter {
  static func statement(_ statement: Nftables.Statement) -> Tree {
    func object(_ key: String, _ members: [(String, Tree)]) -> Tree {
      .object([(key, members.isEmpty ? .null : .object(members))])
    }
    switch statement {
    case .match(let relation, let left, let right):
      return object(
        "match",
        [
          ("op", .string(relation.rawValue)), ("left", expression(left)),
          ("right", expression(right)),
        ])
    case .verdict(let verdict): return self.verdict(verdict)
    case .vmap(let key, let data):
      return object("vmap", [("key", expression(key)), ("data", expression(data))])
    case .mangle(let key, let value):
      return object("mangle", [("key", expression(key)), ("value", expression(value))])
    case .reset(let name):
      guard let kind = UInt8(name) else {
        return object("reset", [("tcp option", .object([("name", .string(name))]))])
      }
      let bits: [(String, Tree)] = [
        ("base", .integer(Int(kind))), ("offset", .integer(0)), ("len", .integer(0)),
      ]
      return object("reset", [("tcp option", .object(bits))])
    case .synproxy(let synproxy): return object("synproxy", synproxyMembers(synproxy))
    case .counter(let packets, let bytes):
      return object("counter", [("packets", number(packets)), ("bytes", number(bytes))])
    case .quota(let quota):
      return object(
        "quota",
        [
          ("val", number(quota.bytes)), ("val_unit", .string("bytes")),
          ("used", number(quota.used)), ("used_unit", .string("bytes")),
          ("inv", .bool(quota.isOver)),
        ])
    case .limit(let limit): return object("limit", limitMembers(limit))
    case .log(let log):
      var members: [(String, Tree)] = []
      members.add("prefix", log.prefix.map { .string($0) })
      members.add("group", log.group.map { .integer(Int($0)) })
      members.add("snaplen", log.snaplen.map { .integer(Int($0)) })
      members.add("queue-threshold", log.queueThreshold.map { .integer(Int($0)) })
      members.add("level", log.level.map(word))
      members.add("flags", log.flags.isEmpty ? nil : words(log.flags))
      return object("log", members)
    case .reject(let reject):
      var members: [(String, Tree)] = []
      members.add("type", reject.type.map(word))
      members.add("expr", reject.code.map(expression))
      return object("reject", members)
    case .nat(let nat):
      var members: [(String, Tree)] = []
      members.add("family", nat.family.map(word))
      members.add("addr", nat.address.map(expression))
      members.add("port", nat.port.map(expression))
      members.add("flags", nat.flags.isEmpty ? nil : words(nat.flags))
      return object(nat.kind.rawValue, members)
    case .tproxy(let family, let address, let port):
      var members: [(String, Tree)] = []
      members.add("family", family.map(word))
      members.add("addr", address.map(expression))
      members.add("port", port.map(expression))
      return object("tproxy", members)
    case .notrack: return object("notrack", [])
    case .dup(let address, let device):
      var members: [(String, Tree)] = [("addr", expression(address))]
      members.add("dev", device.map(expression))
      return object("dup", members)
    case .fwd(let device, let family, let address):
      var members: [(String, Tree)] = [("dev", expression(device))]
      members.add("family", family.map(word))
      members.add("addr", address.map(expression))
      return object("fwd", members)
    case .queue(let number, let flags):
      var members: [(String, Tree)] = []
      members.add("num", number.map(expression))
      members.add("flags", flags.isEmpty ? nil : words(flags))
      return object("queue", members)
    case .update(let operation, let set, let element):
      var bare = element
      bare.statements = []
      var members: [(String, Tree)] = [
        ("op", .string(operation.rawValue)), ("elem", key(bare)),
      ]
      members.add("data", element.data.map(expression))
      members.append((element.data == nil ? "set" : "map", .string("@\(set)")))
      members.add(
        "stmt",
        element.statements.isEmpty ? nil : .array(element.statements.map(self.statement)))
      return object(element.data == nil ? "set" : "map", members)
    case .meter(let meter):
      var bare = meter.element
      bare.statements = []
      var members: [(String, Tree)] = [
        ("name", .string(meter.name)), ("key", key(bare)), ("size", .integer(Int(meter.size))),
      ]
      members.add("stmt", meter.element.statements.first.map(self.statement))
      return object("meter", members)
    case .object(let kind, let name): return .object([(kind.rawValue, expression(name))])
    case .flow(let name):
      return object("flow", [("op", .string("add")), ("flowtable", .string("@\(name)"))])
    case .connectionCount(let count, let isOver):
      return object("ct count", [("val", .integer(Int(count))), ("inv", .bool(isOver))])
    case .last: return object("last", [])
    }
  }

  static func synproxyMembers(_ synproxy: Nftables.Synproxy) -> [(String, Tree)] {
    var members: [(String, Tree)] = []
    members.add("mss", synproxy.mss.map { .integer(Int($0)) })
    members.add("wscale", synproxy.wscale.map { .integer(Int($0)) })
    members.add("flags", synproxy.flags.isEmpty ? nil : words(synproxy.flags))
    return members
  }

  static func limitMembers(_ limit: Nftables.Limit) -> [(String, Tree)] {
    let units: [UInt64: String] = [
      1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week",
    ]
    var members: [(String, Tree)] = [
      ("rate", number(limit.rate)), ("burst", .integer(Int(limit.burst))),
      ("per", .string(units[limit.per] ?? "second")), ("inv", .bool(limit.isOver)),
    ]
    if limit.isBytes {
      members += [("rate_unit", .string("bytes")), ("burst_unit", .string("bytes"))]
    }
    return members
  }
}
