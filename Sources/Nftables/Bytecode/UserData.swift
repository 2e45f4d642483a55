extension Nftables.Bytecode {
  /// What nft(8) stores with an object for itself: items of type, length and value
  /// (`libnftnl/udata.h`).
  public enum UserData {
    public static func item(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
      [type, UInt8(truncatingIfNeeded: value.count)] + value
    }

    public static func item(_ type: UInt8, _ value: UInt32) -> [UInt8] {
      item(type, (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32($0 * 8)) })
    }

    /// Every item's type and value; a truncated item is left out.
    public static func items(_ bytes: [UInt8]) -> [(type: UInt8, value: ArraySlice<UInt8>)] {
      var items: [(type: UInt8, value: ArraySlice<UInt8>)] = []
      var rest = bytes[...]
      while rest.count >= 2 {
        let type = rest[rest.startIndex]
        let length = Int(rest[rest.startIndex + 1])
        guard rest.count >= 2 + length else { break }
        items.append((type, rest.dropFirst(2).prefix(length)))
        rest = rest.dropFirst(2 + length)
      }
      return items
    }

    /// A set's items sorted by type, without those that say nothing: nft writes some of them or
    /// not, depending on where it got the set from. A single byte has no byte order.
    static func normalized(_ bytes: [UInt8], of set: SetProgram) -> [UInt8] {
      var ignored: [UInt8] = set.keyLength == 1 ? [Set.keyOrder] : []
      if case .value(_, 1)? = set.data { ignored.append(Set.dataOrder) }
      return items(bytes).filter { item in
        let isFlag = [Set.dataOrder, Set.mergeElements, Set.dataInterval].contains(item.type)
        return !ignored.contains(item.type) && (!isFlag || item.value.contains { $0 != 0 })
      }.sorted { $0.type < $1.type }.flatMap { item($0.type, Array($0.value)) }
    }

    public static func comment(in bytes: [UInt8], type: UInt8 = 0) -> String? {
      items(bytes).first { $0.type == type }.map {
        String(decoding: $0.value.prefix { $0 != 0 }, as: UTF8.self)
      }
    }

    /// Marks tables that vpngw made; nft(8) skips types that it doesn't know.
    public static let mark: UInt8 = 118

    /// `NFTNL_UDATA_SET_*`.
    public enum Set {
      public static let keyOrder: UInt8 = 0
      public static let dataOrder: UInt8 = 1
      public static let mergeElements: UInt8 = 2
      public static let keyTypeof: UInt8 = 3
      public static let dataTypeof: UInt8 = 4
      public static let dataInterval: UInt8 = 6
      public static let comment: UInt8 = 7
    }
  }
}
