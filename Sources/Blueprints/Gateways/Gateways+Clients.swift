public import Model

extension Gateways {
  /// Declared addresses in the clients' networks on links that clients aren't led from: packets
  /// that arrive there go to no gateway.
  public func unled(_ addresses: [Address]) -> [Address] {
    addresses.filter { address in
      let network = address.address.network
      return !links.contains(address.link) && !network.isHost
        && from.contains {
          $0.length <= network.length && $0.contains(network.address)
        }
    }
  }
}
