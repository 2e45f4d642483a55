/// What a probe has read of the gateway that it asks.
public struct GatewayReading: Hashable, Sendable {
  /// Nil if it isn't known.
  public var publicAddress: IPAddress?
  /// The ports that the gateway's VPN provider forwards to it.
  public var forwardedPorts: [UInt16] = []

  public init(publicAddress: IPAddress? = nil, forwardedPorts: [UInt16] = []) {
    self.publicAddress = publicAddress
    self.forwardedPorts = forwardedPorts
  }

  public var isEmpty: Bool { publicAddress == nil && forwardedPorts.isEmpty }
}
