internal import Glibc
import Model

/// Standard output and error. Each text is one write, so that processes don't mix their lines.
public enum Console {
  /// `isColored`: the text has our colours, and what others wrote in it is escaped already.
  public static func print(_ text: String, isColored: Bool = false) {
    write(isColored ? text : fenced(text), to: STDOUT_FILENO)
  }

  public static func complain(_ text: String) { write(fenced(text), to: STDERR_FILENO) }

  /// Colours are for terminals only (https://no-color.org).
  public static var isColored: Bool {
    isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
  }

  /// The last defence, whatever was forgotten elsewhere: of all control characters, only line
  /// breaks reach the terminal.
  static func fenced(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f || $0 == 0x0a || $0 == 0x09 }
    if isPlain { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
      .map { $0.map(\.visible).joined(separator: "\t") }
      .joined(separator: "\n")
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var written = 0
      while written < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
        if count < 0, errno == EINTR { continue }
        // The reader is gone: there is nobody left to tell.
        if count <= 0 { return }
        written += count
      }
    }
  }
}
