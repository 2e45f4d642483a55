internal import Model

/// A TSIG key's file: the secret alone in base64, or what `tsig-keygen` writes for named.conf:
/// `key "NAME" { algorithm hmac-sha256; secret "..."; };`.
struct KeyFile: Sendable {
  var name: RecordName?
  var algorithm: TSIG.Algorithm?
  var key: Secret

  /// Throws what is wrong with it, without any of it.
  init(_ content: Secret) throws(ProviderError) {
    let text = content.text
    if let bytes = Base64.bytes(text.utf8.filter { !Self.isSpace($0) }), !bytes.isEmpty {
      key = Secret(bytes)
      return
    }
    let words = text.split { $0.isWhitespace || "{};".contains($0) }.map { word in
      word.filter { $0 != "\"" }
    }
    func word(after keyword: String) -> String? {
      guard let index = words.firstIndex(of: keyword), index + 1 < words.count else { return nil }
      return words[index + 1]
    }
    guard let secret = word(after: "secret"), let bytes = Base64.bytes(Array(secret.utf8)),
      !bytes.isEmpty
    else {
      throw ProviderError(
        "the key's file must hold its secret in base64, or what tsig-keygen prints",
        isPermanent: true)
    }
    key = Secret(bytes)
    name = word(after: "key").flatMap(RecordName.init)
    if let stated = word(after: "algorithm") {
      algorithm = TSIG.Algorithm(rawValue: stated.lowercased())
      guard algorithm != nil else {
        throw ProviderError(
          "the key's file states an algorithm other than "
            + TSIG.Algorithm.allCases.map(\.rawValue).joined(separator: ", "), isPermanent: true)
      }
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0d).contains(byte)
  }
}
