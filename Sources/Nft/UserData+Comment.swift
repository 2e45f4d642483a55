import Model

extension UserData {
  static func comment(_ text: String?, type: UInt8 = 0) throws(Refusal) -> [UInt8] {
    guard let text else { return [] }
    guard text.utf8.count <= 127 else { throw Refusal("a comment has at most 127 bytes") }
    return item(type, Array(text.utf8) + [0])
  }
}
