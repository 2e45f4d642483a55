internal import Model

/// How nft(8) stores `typeof` with a set: the expressions themselves (`*_udata_build`).
enum TypeofUserData {
  static func items(_ set: Nftables.NamedSet, _ scope: TableScope) throws(Refusal) -> [UInt8] {
    var bytes: [UInt8] = []
    if case .expressions(let expressions) = set.key {
      bytes += try item(UserData.Set.keyTypeof, expressions, scope)
    }
    if case .value(.expressions(let expressions))? = set.data {
      bytes += try item(UserData.Set.dataTypeof, expressions, scope)
    }
    return bytes
  }

  private static func item(
    _ type: UInt8, _ expressions: [Nftables.Expression], _ scope: TableScope
  ) throws(Refusal) -> [UInt8] {
    guard let content = try expressions.count == 1 ? one(expressions[0], scope) : many(expressions, scope)
    else { return [] }
    return UserData.item(type, content)
  }

  private static func many(
    _ expressions: [Nftables.Expression], _ scope: TableScope
  ) throws(Refusal) -> [UInt8]? {
    var nested: [UInt8] = []
    for (index, expression) in expressions.enumerated() {
      guard let bytes = try one(expression, scope) else { return nil }
      nested += UserData.item(UInt8(truncatingIfNeeded: index), bytes)
    }
    return UserData.item(0, UInt32(13)) + UserData.item(1, nested)
  }

  private static func one(
    _ expression: Nftables.Expression, _ scope: TableScope
  ) throws(Refusal) -> [UInt8]? {
    return nil
  }
}
