internal import Glibc

/// The errno of a system call that failed.
public struct Errno: Error, Hashable, CustomStringConvertible {
  public let code: Int32

  public init(_ code: Int32) { self.code = code }

  public var description: String { String(cString: strerror(code)) }
}
