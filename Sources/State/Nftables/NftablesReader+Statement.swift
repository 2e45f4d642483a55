internal import JSON
internal import Model
import Nftables

extension NftablesReader {
  func statement(_ value: JSON.Value) -> Nftables.Statement? {
    if let text = value.string, text.hasPrefix("jump {") || text.hasPrefix("goto {") {
      return fail(
        "a chain without a name, which nft -j prints as text and doesn't read either: put its rules "
          + "into a chain of their own, {\"chain\": {..., \"name\": \"NAME\"}}, and write "
          + "{\"\(text.prefix(4))\": {\"target\": \"NAME\"}} here")
    }
    guard let (key, content) = only(value, "a statement") else { return nil }
    return statement(key, content)
  }

  func statement(_ key: String, _ content: JSON.Value) -> Nftables.Statement? {
    within(.key(key)) {
      if let verdict = verdict(key, content) { return .verdict(verdict) }
      switch key {
      case "notrack": return .notrack
      case "jump", "goto": return fail("{\"target\": \"CHAIN\"} belongs here")
      case "last": return .last
      default: break
      }
      if let named = named(key, content) { return named }
      // `{"masquerade": null}` has no members.
      guard content.kind != .null else { return empty(key) }
      guard let fields = NftablesFields(content, self) else { return nil }
      let count = reportCount
      guard let found = statement(key, fields) else { return nil }
      fields.finish()
      return reportCount == count ? found : nil
    }
  }

  /// A named object: its name, or a map to names.
  private func named(_ key: String, _ content: JSON.Value) -> Nftables.Statement? {
    guard let kind = Nftables.ObjectKind(rawValue: key) else { return nil }
    if let name = content.string { return .object(kind: kind, name: .symbol(name)) }
    if content["map"] != nil { return expression(content).map { .object(kind: kind, name: $0) } }
    return nil
  }

  private func empty(_ key: String) -> Nftables.Statement? {
    switch key {
    case "counter": .counter(packets: 0, bytes: 0)
    case "log": .log(Nftables.Log())
    case "reject": .reject(Nftables.Reject())
    case "masquerade": .nat(Nftables.NAT(.masquerade))
    case "redirect": .nat(Nftables.NAT(.redirect))
    case "queue": .queue(nil, flags: [])
    case "synproxy": .synproxy(Nftables.Synproxy())
    default: fail("\"\(key)\" is not a statement that is supported without members")
    }
  }

  private func statement(_ key: String, _ fields: NftablesFields) -> Nftables.Statement? {
    switch key {
    case "match": return match(fields)
    case "vmap":
      guard let key = fields.required(expression: "key"),
        let data = fields.required(expression: "data")
      else { return nil }
      return .vmap(key: key, data: data)
    case "mangle":
      guard let key = fields.required(expression: "key"),
        let value = fields.required(expression: "value")
      else { return nil }
      return .mangle(key, value)
    case "reset":
      guard let option = fields.required("tcp option") else { return nil }
      return within(.key("tcp option")) {
        NftablesFields(option, self).flatMap { inner in
          defer { inner.finish() }
          if inner.has("base") {
            guard let kind: UInt8 = inner.required(integer: "base") else { return nil }
            guard [inner.integer("offset"), inner.integer("len")].allSatisfy({ ($0 ?? 0) == 0 })
            else { return fail("an option is reset as a whole") }
            return .reset(option: String(kind))
          }
          return inner.required(string: "name").map { .reset(option: $0) }
        }
      }
    case "synproxy": return .synproxy(synproxy(fields))
    case "counter":
      return .counter(
        packets: fields.integer("packets") ?? 0, bytes: fields.integer("bytes") ?? 0)
    case "quota": return quota(fields).map { .quota($0) }
    case "limit": return limit(fields).map { .limit($0) }
    case "log":
      return .log(
        Nftables.Log(
          prefix: fields.string("prefix"), group: fields.integer("group"),
          snaplen: fields.integer("snaplen"), queueThreshold: fields.integer("queue-threshold"),
          level: fields.word("level", "log level"), flags: fields.words("flags", of: "log flag")))
    case "reject":
      return .reject(
        Nftables.Reject(type: fields.word("type", "reject"), code: fields.expression("expr")))
    case "snat", "dnat", "masquerade", "redirect":
      // The address and the flags imply these.
      for word in fields.words("type_flags") where !["interval", "prefix", "concat"].contains(word)
      {
        within(.key("type_flags")) { report("one of interval, prefix, concat") }
      }
      return .nat(
        Nftables.NAT(
          Nftables.NAT.Kind(rawValue: key)!, family: fields.word("family", "family"),
          address: fields.expression("addr"), port: fields.expression("port"),
          flags: fields.words("flags", of: "\(key) flag")))
    case "tproxy":
      return .tproxy(
        family: fields.word("family", "family"), address: fields.expression("addr"),
        port: fields.expression("port"))
    case "dup":
      return fields.required(expression: "addr").map {
        .dup(address: $0, device: fields.expression("dev"))
      }
    case "fwd":
      return fields.required(expression: "dev").map {
        .fwd(
          device: $0, family: fields.word("family", "family"), address: fields.expression("addr"))
      }
    case "queue":
      return .queue(fields.expression("num"), flags: fields.words("flags", of: "queue flag"))
    case "set", "map": return update(fields, isMap: key == "map")
    case "meter": return meter(fields)
    case "flow":
      guard let op = fields.required(string: "op"),
        let name = fields.required(string: "flowtable")
      else { return nil }
      guard op == "add" else { return within(.key("op")) { fail("add") } }
      guard name.hasPrefix("@"), name.utf8.count > 1 else {
        return within(.key("flowtable")) { fail("a flowtable's name with an @ before it") }
      }
      return .flow(String(name.dropFirst()))
    case "ct count":
      guard let count: UInt32 = fields.required(integer: "val") else { return nil }
      return .connectionCount(count, isOver: fields.bool("inv"))
    default: return fail("\"\(key)\" is not a statement that is supported")
    }
  }

  private func match(_ fields: NftablesFields) -> Nftables.Statement? {
    guard let op = fields.required(string: "op"), let left = fields.required(expression: "left"),
      let right = fields.required(expression: "right")
    else { return nil }
    guard let relation = Nftables.Relation(rawValue: op) else {
      let all = Nftables.Relation.allCases.map(\.rawValue).joined(separator: " ")
      return within(.key("op")) { fail("one of \(all)") }
    }
    return .match(relation, left, right)
  }

  private func update(_ fields: NftablesFields, isMap: Bool) -> Nftables.Statement? {
    guard let op = fields.required(string: "op"), let elem = fields.required("elem"),
      let name = fields.required(string: isMap ? "map" : "set")
    else { return nil }
    guard let operation = Nftables.SetOperation(rawValue: op) else {
      return within(.key("op")) { fail("one of add, update, delete") }
    }
    guard name.hasPrefix("@"), name.utf8.count > 1 else {
      return within(.key(isMap ? "map" : "set")) { fail("a set's name with an @ before it") }
    }
    guard var element = within(.key("elem"), { element(elem) }) else { return nil }
    if isMap {
      guard let data = fields.required(expression: "data") else { return nil }
      element.data = data
    }
    // Newer nft puts statements beside the element.
    if let stated = fields.read("stmt", { statements($0) }) { element.statements += stated }
    return .update(operation, set: String(name.dropFirst()), element)
  }

  private func meter(_ fields: NftablesFields) -> Nftables.Statement? {
    guard let name = fields.required(string: "name"), let key = fields.required("key"),
      let carried = fields.required("stmt")
    else { return nil }
    guard var element = within(.key("key"), { element(key) }),
      let statement = within(.key("stmt"), { statement(carried) })
    else { return nil }
    guard element.key != nil, element.comment == nil, element.statements.isEmpty else {
      return within(.key("key")) { fail("a meter's key has a timeout at most") }
    }
    element.statements = [statement]
    return .meter(
      Nftables.Meter(name, size: fields.integer("size") ?? Nftables.Meter.defaultSize, element))
  }

  func synproxy(_ fields: NftablesFields) -> Nftables.Synproxy {
    Nftables.Synproxy(
      mss: fields.integer("mss"), wscale: fields.integer("wscale"),
      flags: fields.words("flags", of: "synproxy"))
  }

  func quota(_ fields: NftablesFields) -> Nftables.Quota? {
    let key = fields.has("bytes") ? "bytes" : "val"
    guard let value: UInt64 = fields.required(integer: key) else { return nil }
    let unit = fields.string("val_unit") ?? "bytes"
    let usedUnit = fields.string("used_unit") ?? "bytes"
    guard let bytes = scaled(value, unit), let used = scaled(fields.integer("used") ?? 0, usedUnit)
    else { return nil }
    return Nftables.Quota(bytes: bytes, used: used, isOver: fields.bool("inv"))
  }

  func limit(_ fields: NftablesFields) -> Nftables.Limit? {
    guard let rate: UInt64 = fields.required(integer: "rate"),
      let per = fields.required(string: "per")
    else { return nil }
    let seconds: [String: UInt64] = [
      "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800,
    ]
    guard let period = seconds[per] else {
      return within(.key("per")) { fail("one of second, minute, hour, day, week") }
    }
    let unit = fields.string("rate_unit") ?? "packets"
    let burstUnit = fields.string("burst_unit") ?? "bytes"
    let burst: UInt64? = fields.integer("burst")
    let isOver = fields.bool("inv")
    let isPackets = unit == "packets"
    // A rate of packets always has a burst, 5 unless stated.
    let packets = burst.flatMap { $0 == 0 ? nil : $0 } ?? 5
    guard let amount = isPackets ? rate : scaled(rate, unit),
      let wide = isPackets ? packets : scaled(burst ?? 0, burstUnit)
    else { return nil }
    guard let count = UInt32(exactly: wide) else {
      return within(.key("burst")) {
        fail("at most \(UInt32.max) \(isPackets ? "packets" : "bytes")")
      }
    }
    return Nftables.Limit(
      rate: amount, per: period, burst: count, isBytes: !isPackets, isOver: isOver)
  }

  private func scaled(_ value: UInt64, _ unit: String) -> UInt64? {
    guard let factor = ["bytes": 1, "kbytes": 1 << 10, "mbytes": 1 << 20][unit] as UInt64? else {
      return fail("unit \(unit): one of bytes, kbytes, mbytes")
    }
    let (product, overflow) = value.multipliedReportingOverflow(by: factor)
    return overflow ? fail("\(value) \(unit) are too many") : product
  }
}
