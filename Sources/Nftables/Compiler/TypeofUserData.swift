internal import Addressing

/// How nft(8) stores a set's `typeof`: the expressions themselves (`*_udata_build`).
enum TypeofUserData {
  static func items(_ set: Nftables.NamedSet, _ scope: TableScope) throws(CompileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var isTypeof = false
    switch set.key {
    case .expressions(let expressions):
      isTypeof = true
      bytes += try item(UserData.Set.keyTypeof, expressions, scope)
    case .types(let names) where names.count > 1:
      bytes += UserData.item(UserData.Set.keyTypeof, emptyConcat)
    case .types: break
    }
    switch set.data {
    case .value(.expressions(let expressions))?:
      bytes += try item(UserData.Set.dataTypeof, expressions, scope)
    case .value(.types(let names))? where names.count > 1:
      bytes += UserData.item(UserData.Set.dataTypeof, emptyConcat)
    case .verdict? where isTypeof: bytes += UserData.item(UserData.Set.dataTypeof, verdict)
    default: break
    }
    return bytes
  }

  /// What nft needs in order to print an anonymous set; empty if it needs nothing.
  static func item(
    ofAnonymous key: Nftables.Expression, isVerdictMap: Bool, _ scope: TableScope
  ) -> [UInt8] {
    let fields: [Nftables.Expression]
    switch key {
    case .concat(let parts): fields = parts
    case .raw: fields = [key]
    default: return []
    }
    guard let item = try? item(UserData.Set.keyTypeof, fields, scope) else { return [] }
    // nft reads a map's key only along with its data, and aborts if a field's length is missing.
    return item + (isVerdictMap ? UserData.item(UserData.Set.dataTypeof, verdict) : [])
  }

  private static let verdict = UserData.item(0, UInt32(1)) + UserData.item(1, [])

  /// What nft stores for a concatenation that was stated by types.
  private static let emptyConcat = UserData.item(0, UInt32(13)) + UserData.item(1, [])

  private static func item(
    _ type: UInt8, _ expressions: [Nftables.Expression], _ scope: TableScope
  ) throws(CompileError) -> [UInt8] {
    if expressions.count == 1 { return UserData.item(type, try one(expressions[0], scope)) }
    var nested: [UInt8] = []
    for (index, expression) in expressions.enumerated() {
      nested += UserData.item(UInt8(truncatingIfNeeded: index), try one(expression, scope))
    }
    // The length is stored in one byte.
    guard nested.count < 245 else { throw CompileError("a typeof of so many fields") }
    return UserData.item(type, UserData.item(0, UInt32(13)) + UserData.item(1, nested))
  }

  /// nft's number of the kind of expression (`enum expr_types`), with its content.
  private static func one(
    _ expression: Nftables.Expression, _ scope: TableScope
  ) throws(CompileError) -> [UInt8] {
    let type: UInt32
    let content: [UInt8]
    switch expression {
    case .payload(let name, let field):
      let (proto, found) = try Shape.packetField(name, field)
      guard let number = PacketProtocol.typeofNumbers[name],
        let index = proto.fields.firstIndex(where: { $0.name == field })
      else { throw CompileError("typeof \(name) \(field)") }
      type = 7
      // Without the length nft exits when it lists an integer.
      content =
        UserData.item(0, number) + UserData.item(1, UInt32(index + 1))
        + (found.type == .integer ? UserData.item(4, UInt32(found.bits)) : [])
    case .raw(let base, let offset, let length):
      try RuleCompiler.checkRaw(offset: offset, length: length)
      type = 7
      content =
        UserData.item(0, UInt32(0)) + UserData.item(1, UInt32(0))
        + UserData.item(2, UInt32(base.index + 1))
        + UserData.item(3, UInt32(offset)) + UserData.item(4, UInt32(length))
    case .fib(let result, let flags):
      type = 26
      content = UserData.item(0, result.number) + UserData.item(1, flags.bits)
    case .option(.exthdr, let name, let field?):
      guard let number = OptionTable.typeofNumbers[name] else {
        throw CompileError("typeof exthdr \(name)")
      }
      let index = UInt32(try OptionTable.of(.exthdr).index(name, field) + 1)
      type = 8
      content = UserData.item(1, index) + UserData.item(0, number)
    case .option(.tcp, let name, let field?):
      let number = try OptionTable.of(.tcp).header(name).type
      type = 8
      content =
        UserData.item(1, UInt32(number)) + UserData.item(2, UInt32(1))
        + UserData.item(4, UInt32(try OptionTable.of(.tcp).index(name, field)))
    case .meta(let key):
      type = 9
      content = UserData.item(0, try Shape.metaKey(key).number)
    case .ct(let key, let direction):
      type = 12
      let number = RuleCompiler.number(direction).map { UInt32($0) } ?? .max
      content = UserData.item(0, try Shape.ctKey(key, scope).number) + UserData.item(1, number)
    case .numgen(let mode, let modulus, let offset):
      type = 23
      content =
        UserData.item(0, mode == .random ? 1 : 0 as UInt32) + UserData.item(1, modulus)
        + UserData.item(2, offset)
    case .rt(let key, let family):
      type = 25
      content = UserData.item(0, try Shape.rtKey(key, family, scope).number)
    case .jhash, .symhash:
      // nft 1.0.6 crashes when it lists such a set.
      throw CompileError("typeof of a hash: use {\"numgen\": {\"mode\": \"inc\", \"mod\": N}}")
    default: throw CompileError("typeof of this expression is not supported")
    }
    return UserData.item(0, type) + UserData.item(1, content)
  }
}
