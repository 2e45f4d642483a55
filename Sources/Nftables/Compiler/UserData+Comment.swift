import Addressing

extension UserData {
  /// The most that the kernel stores for tools with one object (`NFT_USERDATA_MAXLEN`).
  static let limit = 256

  /// `others`: how many bytes of other items are stored beside it.
  static func comment(
    _ text: String?, type: UInt8 = 0, others: Int = 0
  ) throws(CompileError) -> [UInt8] {
    guard let text else { return [] }
    // The item's type, its length, and the terminating NUL.
    let most = limit - 3 - others
    guard text.utf8.count <= most else {
      throw CompileError("a comment has at most \(most) bytes here; it has \(text.utf8.count)")
    }
    return item(type, Array(text.utf8) + [0])
  }
}
