public import JSON
import Model
public import Nftables

/// Writes what ``NftablesReader`` reads: libnftables-json(5), as newer versions of nft print it.
public enum NftablesWriter {
  /// The array's elements.
  public static func tree(_ tables: [Nftables.Table]) -> Tree {
    .array(tables.flatMap { entries($0) })
  }

  /// A file's section, in the order in which the tables are to be made; it also names the tables
  /// that are somebody else's, and the parts that can't be stated.
  static func section(_ tables: [NftablesTable]) -> Tree {
    let opaque = tables.flatMap { table in
      table.unreadable.map { Tree.string("\(table.id): \($0)") }
    }
    var notes: [(String, Tree)] = []
    if !opaque.isEmpty { notes.append(("opaque", .array(opaque))) }
    let head = notes.isEmpty ? [] : [Tree.object([("metainfo", .object(notes))])]
    return .array(
      head
        + tables.flatMap { table in
          table.source.map { entries($0, isAdopted: table.isAdopted) } ?? []
        })
  }

  private static func entries(_ table: Nftables.Table, isAdopted: Bool = false) -> [Tree] {
    let family: (String, Tree) = ("family", .string(table.family.rawValue))
    var head: [(String, Tree)] = [family, ("name", .string(table.name))]
    head.add("flags", table.flags.isEmpty ? nil : words(table.flags))
    head.add("comment", table.comment.map { .string($0) })
    if isAdopted { head.append(("adopt", .bool(true))) }
    var entries: [Tree] = [.object([("table", .object(head))])]
    let place: [(String, Tree)] = [family, ("table", .string(table.name))]
    // A chain that a map leads to precedes the map, as nft 1.0.6 requires.
    entries += table.chains.map { chain($0, place) }
    entries += table.objects.map { object($0, place) }
    entries += table.flowtables.map { flowtable($0, place) }
    entries += table.sets.map { set($0, place) }
    for chain in table.chains {
      for rule in chain.rules {
        var members = place + [("chain", .string(chain.name))]
        members.add("comment", rule.comment.map { .string($0) })
        members.append(("expr", .array(rule.statements.map(statement))))
        entries.append(.object([("rule", .object(members))]))
      }
    }
    return entries
  }

  private static func chain(_ chain: Nftables.Chain, _ place: [(String, Tree)]) -> Tree {
    var members = place + [("name", .string(chain.name))]
    if let base = chain.base {
      members += [
        ("type", .string(base.type.rawValue)), ("hook", .string(base.hook.rawValue)),
        ("prio", .integer(Int(base.priority))),
      ]
      members.add("dev", base.devices.isEmpty ? nil : words(base.devices))
      members.append(("policy", .string(base.policy.rawValue)))
    }
    members.add("comment", chain.comment.map { .string($0) })
    return .object([("chain", .object(members))])
  }

  private static func object(_ object: Nftables.NamedObject, _ place: [(String, Tree)]) -> Tree {
    var members = place + [("name", .string(object.name))]
    let kind: String
    switch object.content {
    case .counter(let packets, let bytes):
      kind = "counter"
      members += [("packets", number(packets)), ("bytes", number(bytes))]
    case .quota(let quota):
      kind = "quota"
      members += [
        ("bytes", number(quota.bytes)), ("used", number(quota.used)), ("inv", .bool(quota.isOver)),
      ]
    case .limit(let limit):
      kind = "limit"
      members += limitMembers(limit)
    case .ctHelper(let type, let proto, let l3proto):
      kind = "ct helper"
      members += [("type", .string(type)), ("protocol", word(proto))]
      members.add("l3proto", l3proto.map(word))
    case .ctTimeout(let proto, let l3proto, let policy):
      kind = "ct timeout"
      members.append(("protocol", word(proto)))
      members.add("l3proto", l3proto.map(word))
      let states = policy.sorted { $0.key < $1.key }
      members.append(("policy", .object(states.map { ($0.key, .integer(Int($0.value))) })))
    case .ctExpectation(let proto, let l3proto, let port, let timeout, let size):
      kind = "ct expectation"
      members.append(("protocol", word(proto)))
      members.add("l3proto", l3proto.map(word))
      members += [
        ("dport", .integer(Int(port))), ("timeout", .integer(Int(timeout))),
        ("size", .integer(Int(size))),
      ]
    case .secmark(let context):
      kind = "secmark"
      members.append(("context", .string(context)))
    case .synproxy(let synproxy):
      kind = "synproxy"
      members += synproxyMembers(synproxy)
    }
    members.add("comment", object.comment.map { .string($0) })
    return .object([(kind, .object(members))])
  }

  private static func flowtable(
    _ flowtable: Nftables.Flowtable, _ place: [(String, Tree)]
  ) -> Tree {
    var members =
      place + [
        ("name", .string(flowtable.name)), ("hook", .string(flowtable.hook.rawValue)),
        ("prio", .integer(Int(flowtable.priority))),
      ]
    members.add("dev", flowtable.devices.isEmpty ? nil : words(flowtable.devices))
    members.add("flags", flowtable.flags.isEmpty ? nil : words(flowtable.flags))
    return .object([("flowtable", .object(members))])
  }

  private static func set(_ set: Nftables.NamedSet, _ place: [(String, Tree)]) -> Tree {
    var members = place + [("name", .string(set.name)), ("type", typeOf(set.key))]
    switch set.data {
    case nil: break
    case .verdict?: members.append(("map", .string("verdict")))
    case .object(let kind)?: members.append(("map", .string(kind.rawValue)))
    case .value(let type)?: members.append(("map", typeOf(type)))
    }
    let flags = Nftables.NamedSet.Flag.allCases.filter(set.flags.contains).map(\.rawValue)
    members.add("flags", flags.isEmpty ? nil : .array(flags.map { .string($0) }))
    members.add("timeout", set.timeout.map(time))
    members.add("gc-interval", set.gcInterval.map(time))
    members.add("size", set.size.map { .integer(Int($0)) })
    members.add("policy", set.policy.map(word))
    if set.autoMerge { members.append(("auto-merge", .bool(true))) }
    members.add("comment", set.comment.map { .string($0) })
    members.add("stmt", set.statements.isEmpty ? nil : .array(set.statements.map(statement)))
    members.add("elem", set.elements.isEmpty ? nil : elements(set.elements))
    return .object([(set.data == nil ? "set" : "map", .object(members))])
  }

  private static func typeOf(_ type: Nftables.TypeOf) -> Tree {
    switch type {
    case .types(let names): names.count == 1 ? .string(names[0]) : words(names)
    case .expressions(let expressions):
      .object([
        (
          "typeof",
          expressions.count == 1
            ? expression(expressions[0]) : expression(.concat(expressions))
        )
      ])
    }
  }

  static func words(_ words: [String]) -> Tree {
    words.count == 1 ? .string(words[0]) : .array(words.map { .string($0) })
  }

  static func words<T: Nftables.Word>(_ words: [T]) -> Tree { self.words(words.map(\.rawValue)) }

  static func word<T: Nftables.Word>(_ word: T) -> Tree { .string(word.rawValue) }

  /// From milliseconds.
  static func time(_ time: UInt64) -> Tree {
    time % 1000 == 0
      ? number(time / 1000) : .string(Nftables.Duration.text(milliseconds: time))
  }

  static func number(_ number: UInt64) -> Tree { .integer(Int(clamping: number)) }
}

extension [(String, Tree)] {
  mutating func add(_ key: String, _ value: Tree?) {
    if let value { append((key, value)) }
  }
}
