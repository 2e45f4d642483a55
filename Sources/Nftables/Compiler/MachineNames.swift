/// Names that the machine's own files define. By default there are none, and the time zone is UTC.
public struct MachineNames: Sendable {
  /// A file of `/etc/iproute2`.
  public enum Table: String, Hashable, Sendable {
    case realms = "rt_realms"
    case marks = "rt_marks"
    case groups = "group"
  }

  /// The port of a service by its name.
  public var service: @Sendable (String) -> UInt16? = { _ in nil }
  public var user: @Sendable (String) -> UInt32? = { _ in nil }
  public var group: @Sendable (String) -> UInt32? = { _ in nil }
  /// The names of numbers, by table.
  public var tables: [Table: [UInt32: String]] = [:]
  /// Seconds east of UTC at a time (seconds since 1970), or now: `meta hour` and `meta time` are
  /// written in local time, while the kernel compares UTC.
  public var utcOffset: @Sendable (Int?) -> Int = { _ in 0 }

  public init() {}
}
