import Addressing

extension UserData {
  /// What the kernel keeps with an object for its tools (`NFT_USERDATA_MAXLEN`).
  static let limit = 256

  /// `others`: how many bytes are kept beside it.
  static func comment(
    _ text: String?, type: UInt8 = 0, others: Int = 0
  ) throws(CompileError) -> [UInt8] {
    guard let text else { return [] }
    // Its type, its length, and a nought at its end.
    let most = limit - 3 - others
    guard text.utf8.count <= most else {
      throw CompileError("a comment has at most \(most) bytes here; it has \(text.utf8.count)")
    }
    return item(type, Array(text.utf8) + [0])
  }
}
