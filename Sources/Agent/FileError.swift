internal import Glibc

/// Why a file could not be read, written, made or used.
struct FileError: Error, CustomStringConvertible {
  let path: String
  let verb: String
  let code: Int32
  /// Replaces errno's sentence.
  var reason: String?

  var description: String {
    "cannot \(verb) \(path): \(reason ?? String(cString: strerror(code)))"
  }
}
