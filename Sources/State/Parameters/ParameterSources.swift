/// Where the parameters of a file get their values.
public struct ParameterSources: Sendable {
  /// From the command line. They win over the environment.
  public var stated: [String: String]
  /// A variable of the environment; nil if it isn't set.
  public var environment: @Sendable (_ name: String) -> [UInt8]?

  public init(
    stated: [String: String] = [:],
    environment: @escaping @Sendable (_ name: String) -> [UInt8]? = { _ in nil }
  ) {
    self.stated = stated
    self.environment = environment
  }
}
