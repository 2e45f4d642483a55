internal import Glibc

/// Standard output and error. A text goes out in one write, so that two processes don't mix lines.
public enum Console {
  public static func print(_ text: String) { write(text, to: STDOUT_FILENO) }
  public static func complain(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Colours only where somebody looks at them (https://no-color.org).
  public static var isColored: Bool {
    isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var written = 0
      while written < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
        if count < 0, errno == EINTR { continue }
        // The reader is gone: nobody is left to tell.
        if count <= 0 { return }
        written += count
      }
    }
  }
}
