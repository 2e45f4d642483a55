internal import Glibc

/// Why a virtual router can't take part in the election, or not as it should.
public struct SpeakerError: Error, Hashable, Sendable, CustomStringConvertible {
  public let purpose: String
  public let code: Int32

  public init(_ purpose: String, _ code: Int32) {
    self.purpose = purpose
    self.code = code
  }

  /// `cannot join 224.0.0.18: Operation not permitted`.
  public var description: String { "cannot \(purpose): \(String(cString: strerror(code)))" }
}
