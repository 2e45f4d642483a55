/// The protocol's versions in use.
public enum Version: UInt8, Hashable, Sendable, CaseIterable {
  /// RFC 3768: IPv4, whole seconds.
  case v2 = 2
  /// RFC 9568: both families, centiseconds.
  case v3 = 3
}
