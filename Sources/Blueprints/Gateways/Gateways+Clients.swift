public import Model

extension Gateways {
  /// Declared addresses whose network is the clients', on links that no client is led from: what comes in
  /// there goes to no gateway.
  public func unled(_ addresses: [Address]) -> [Address] {
    addresses.filter { address in
      let network = address.address.network
      return !links.contains(address.link) && !network.isHost
        && egress.from.contains {
          $0.length <= network.length && $0.contains(network.address)
        }
    }
  }
}
