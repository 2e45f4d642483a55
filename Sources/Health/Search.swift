/// Searches for a text in bytes that arrive in pieces, examining each byte once, however repetitive
/// they are (Knuth, Morris and Pratt).
struct Search {
  private let text: [UInt8]
  /// For each length of a match so far, the longest shorter match that ends at the same byte.
  private var shorter: [Int] = [0, 0]
  private(set) var bytes: [UInt8] = []
  private(set) var isFound = false
  /// How many bytes of the text the input so far ends with.
  private var matched = 0

  /// Nil is never found.
  init(for text: String?) {
    self.text = Array((text ?? "").utf8)
    for place in self.text.indices.dropFirst() {
      shorter.append(extended(shorter[place], by: self.text[place]))
    }
  }

  private func extended(_ matched: Int, by byte: UInt8) -> Int {
    var matched = matched
    while matched > 0, text[matched] != byte { matched = shorter[matched] }
    return text[matched] == byte ? matched + 1 : 0
  }

  mutating func append(_ more: some Collection<UInt8>) {
    bytes += more
    guard !text.isEmpty else { return }
    for byte in more where !isFound {
      matched = extended(matched, by: byte)
      isFound = matched == text.count
    }
  }
}
