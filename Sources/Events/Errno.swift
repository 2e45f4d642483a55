internal import Glibc

/// What a system call failed by.
public struct Errno: Error, Hashable, CustomStringConvertible {
  public let code: Int32

  public init(_ code: Int32) { self.code = code }

  public var description: String { String(cString: strerror(code)) }
}
