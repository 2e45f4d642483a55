/// What an input has read about a signal's subject, besides whether it is alive.
public struct SignalReading: Hashable, Sendable {
  /// The subject's public addresses, at most one of each family.
  public var publicAddresses: [IPAddress] = []
  /// The ports that its VPN provider forwards to it; nil: not known.
  public var forwardedPorts: [UInt16]?

  public init(publicAddresses: [IPAddress] = [], forwardedPorts: [UInt16]? = nil) {
    self.publicAddresses = publicAddresses
    self.forwardedPorts = forwardedPorts
  }

  public var isEmpty: Bool { self == Self() }
}
