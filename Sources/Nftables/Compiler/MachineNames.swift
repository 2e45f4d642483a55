/// What a machine's own files say that names mean; by default, they say nothing, and it is UTC.
public struct MachineNames: Sendable {
  /// A file of `/etc/iproute2`.
  public enum Table: String, Hashable, Sendable {
    case realms = "rt_realms"
    case marks = "rt_marks"
    case groups = "group"
  }

  /// A port's number by its service's name.
  public var service: @Sendable (String) -> UInt16? = { _ in nil }
  public var user: @Sendable (String) -> UInt32? = { _ in nil }
  public var group: @Sendable (String) -> UInt32? = { _ in nil }
  /// A number's name by the table.
  public var tables: [Table: [UInt32: String]] = [:]
  /// Seconds east of UTC at that time since 1970, or now: `meta hour` and `meta time` are written
  /// in local time, and compared in UTC by the kernel.
  public var utcOffset: @Sendable (Int?) -> Int = { _ in 0 }

  public init() {}
}
