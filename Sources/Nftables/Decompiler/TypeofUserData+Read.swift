internal import Addressing

extension TypeofUserData {
  /// The expressions that nft stored; nil for a set stated by types, or if we can't read them.
  static func expressions(_ bytes: [UInt8], data: Bool) -> [Nftables.Expression]? {
    let type = data ? UserData.Set.dataTypeof : UserData.Set.keyTypeof
    guard let item = UserData.items(bytes).first(where: { $0.type == type }) else { return nil }
    let outer = UserData.items(Array(item.value))
    guard word(outer, 0) == 13 else { return one(Array(item.value)).map { [$0] } }
    guard let nested = outer.first(where: { $0.type == 1 }) else { return nil }
    let parts = UserData.items(Array(nested.value)).map { one(Array($0.value)) }
    let found = parts.compactMap { $0 }
    return found.isEmpty || found.count != parts.count ? nil : found
  }

  private typealias Items = [(type: UInt8, value: ArraySlice<UInt8>)]

  private static func word(_ items: Items, _ type: UInt8) -> UInt32? {
    guard let value = items.first(where: { $0.type == type })?.value, value.count == 4 else {
      return nil
    }
    return value.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func one(_ bytes: [UInt8]) -> Nftables.Expression? {
    let outer = UserData.items(bytes)
    guard let type = word(outer, 0), let content = outer.first(where: { $0.type == 1 }) else {
      return nil
    }
    let items = UserData.items(Array(content.value))
    switch type {
    case 7 where word(items, 0) == 0:
      guard let base = word(items, 2), let source = Nftables.PayloadBase(index: Int(base) - 1),
        let offset = word(items, 3),
        let length = word(items, 4)
      else { return nil }
      return .raw(
        base: source, offset: Int(offset), length: Int(length))
    case 26:
      guard let result = word(items, 0), let flags = word(items, 1) else { return nil }
      return RuleDecompiler.fib(result, flags)
    case 7:
      guard let number = word(items, 0), let index = word(items, 1), index > 0,
        let name = PacketProtocol.typeofNumbers.first(where: { $0.value == number })?.key,
        let fields = PacketProtocol.byName[name]?.fields, Int(index) <= fields.count
      else { return nil }
      return .payload(protocol: name, field: fields[Int(index) - 1].name)
    case 8: return option(items)
    case 9:
      let key = MetaKey.meta.values.first { $0.number == word(items, 0) }
      return key.map { .meta($0.name) }
    case 12:
      guard let key = MetaKey.ct.values.first(where: { $0.number == word(items, 0) }) else {
        return nil
      }
      let direction = word(items, 1) ?? .max
      return .ct(
        key: key.name,
        direction: direction == .max
          ? nil : RuleDecompiler.direction(UInt8(truncatingIfNeeded: direction)))
    case 23:
      guard let mode = word(items, 0), let modulus = word(items, 1) else { return nil }
      return .numgen(
        mode: mode == 1 ? .random : .inc, modulus: modulus, offset: word(items, 2) ?? 0)
    case 25:
      switch word(items, 0) {
      case 1?: return .rt(key: "nexthop", family: .ip)
      case 2?: return .rt(key: "nexthop", family: .ip6)
      case let number:
        return MetaKey.rt.values.first { $0.number == number }.map {
          .rt(key: $0.name, family: nil)
        }
      }
    default: return nil
    }
  }

  private static func option(_ items: Items) -> Nftables.Expression? {
    if word(items, 2) == 1 {
      guard let type = word(items, 1), let index = word(items, 4) else { return nil }
      let header = OptionTable.of(.tcp).headers.first {
        UInt32($0.type) == type && $0.fields.count > Int(index)
      }
      return header.map { .option(.tcp, name: $0.name, field: $0.fields[Int(index)].name) }
    }
    guard let number = word(items, 0), let index = word(items, 1), index > 0,
      let name = OptionTable.typeofNumbers.first(where: { $0.value == number })?.key,
      let header = try? OptionTable.of(.exthdr).header(name), Int(index) <= header.fields.count
    else { return nil }
    return .option(.exthdr, name: name, field: header.fields[Int(index) - 1].name)
  }
}
