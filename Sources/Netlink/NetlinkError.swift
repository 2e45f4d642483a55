internal import CLinux
internal import Glibc

/// A request that the kernel refused.
public struct NetlinkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was requested, in iproute2's words: `link add br0 type bridge`.
  public let operation: String
  /// A positive errno.
  public let code: Int32
  /// The kernel's own sentence (extended ACK), if it sent one.
  public let kernelText: String?
  /// The attribute of the request that it means, if it tells: `at src`, `without via`.
  public let attribute: String?

  public init(
    _ operation: String, code: Int32, kernelText: String? = nil, attribute: String? = nil
  ) {
    self.operation = operation
    self.code = code
    self.kernelText = kernelText
    self.attribute = attribute
  }

  /// For a request that can't be encoded.
  static func doesntFit(_ operation: String, _ fault: String) -> NetlinkError {
    NetlinkError(operation, code: EMSGSIZE, kernelText: fault)
  }

  /// With the calling thread's errno.
  static func current(_ operation: String) -> NetlinkError {
    NetlinkError(operation, code: errno)
  }

  /// `link add br0 type bridge: File exists (EEXIST): device name is taken`.
  public var description: String {
    // Code 0: the kernel refused nothing, and yet the change isn't there.
    "\(operation): " + (code == 0 ? "" : Self.text(code))
      + (kernelText.map { code == 0 ? $0 : ": \($0)" } ?? "")
      + (attribute.map { " (\($0))" } ?? "")
  }

  /// `File exists (EEXIST)`.
  public static func text(_ code: Int32) -> String {
    let name = names.first { $0.0 == code }?.1 ?? "errno \(code)"
    return "\(String(cString: strerror(code))) (\(name))"
  }

  // glibc's strerrorname_np, which has no header in Swift's view.
  private static let names: [(Int32, String)] = [
    (EPERM, "EPERM"), (ENOENT, "ENOENT"), (ESRCH, "ESRCH"), (EINTR, "EINTR"), (EIO, "EIO"),
    (ENXIO, "ENXIO"), (E2BIG, "E2BIG"), (EBADF, "EBADF"), (EAGAIN, "EAGAIN"), (ENOMEM, "ENOMEM"),
    (EACCES, "EACCES"), (EBUSY, "EBUSY"), (EEXIST, "EEXIST"), (EXDEV, "EXDEV"),
    (ENODEV, "ENODEV"), (EINVAL, "EINVAL"), (ENOSPC, "ENOSPC"), (EROFS, "EROFS"),
    (ERANGE, "ERANGE"), (ELOOP, "ELOOP"), (EPROTO, "EPROTO"), (EOVERFLOW, "EOVERFLOW"),
    (EMSGSIZE, "EMSGSIZE"), (EPROTONOSUPPORT, "EPROTONOSUPPORT"), (EOPNOTSUPP, "EOPNOTSUPP"),
    (EAFNOSUPPORT, "EAFNOSUPPORT"), (EADDRINUSE, "EADDRINUSE"),
    (EADDRNOTAVAIL, "EADDRNOTAVAIL"), (ENETDOWN, "ENETDOWN"), (ENETUNREACH, "ENETUNREACH"),
    (ENOBUFS, "ENOBUFS"), (ENOTCONN, "ENOTCONN"), (ETIMEDOUT, "ETIMEDOUT"),
    (EHOSTUNREACH, "EHOSTUNREACH"), (EALREADY, "EALREADY"), (ENAMETOOLONG, "ENAMETOOLONG"),
    (ENOTDIR, "ENOTDIR"), (EISDIR, "EISDIR"), (EMLINK, "EMLINK"), (ENFILE, "ENFILE"),
  ]
}

/// The errno values that callers distinguish.
public enum ErrorCode {
  public static var noEntry: Int32 { ENOENT }
  public static var exists: Int32 { EEXIST }
  public static var noProcess: Int32 { ESRCH }
  public static var noDevice: Int32 { ENODEV }
  public static var noAddress: Int32 { EADDRNOTAVAIL }
  public static var invalid: Int32 { EINVAL }
  public static var notSupported: Int32 { EOPNOTSUPP }
  public static var notPermitted: Int32 { EPERM }
  public static var tooManyLinks: Int32 { EMLINK }
  public static var tooManyFiles: Int32 { ENFILE }
  public static var interrupted: Int32 { EINTR }
  public static var networkDown: Int32 { ENETDOWN }
  /// A transaction's generation is stale.
  public static var restart: Int32 { 85 }  // ERESTART, which glibc leaves out
}
