import Glibc

/// A new directory under /tmp, removed afterwards.
public enum TemporaryDirectory {
  public static func with<T>(_ body: (String) throws -> T) throws -> T {
    var template = Array("/tmp/vpngw-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw CommandFailed(description: "mkdtemp: errno \(errno)")
    }
    let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    defer { _ = try? run(["rm", "-rf", path]) }
    return try body(path)
  }
}
