/// Looks for a text in bytes that come piece by piece, each looked at once.
struct Search {
  private let text: [UInt8]
  private(set) var bytes: [UInt8] = []
  private(set) var isFound = false
  /// Where the text may still begin.
  private var position = 0

  /// Nil is never found.
  init(for text: String?) { self.text = Array((text ?? "").utf8) }

  mutating func append(_ more: some Collection<UInt8>) {
    bytes += more
    guard !text.isEmpty, !isFound else { return }
    while position + text.count <= bytes.count {
      if bytes[position...].starts(with: text) {
        isFound = true
        return
      }
      position += 1
    }
  }
}
