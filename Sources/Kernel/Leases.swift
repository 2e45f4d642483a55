public import Model
public import Netlink

extension Kernel {
  /// Renews the leases of addresses, as they are now in the kernel; returns how many of them are there.
  ///
  /// An address that isn't there, or isn't ours, is left to the reconciler: to make it belongs into the
  /// order of a plan.
  public func renewLeases(of wanted: Set<Address.ID>) throws(NetlinkError) -> Int {
    let present = try observeAddresses().addresses.filter { $0.isOwned && wanted.contains($0.id) }
    let failures = try apply(
      present.map { address in
        var renewed = address
        renewed.lease = .renewed
        return Change(.update, Object(renewed), observed: Object(address))
      })
    // Somebody may have deleted the address, or its link, since.
    let gone = [ErrorCode.noDevice, ErrorCode.noAddress]
    if let failure = failures.first(where: { !gone.contains($0.error.code) }) {
      throw failure.error
    }
    return present.count - failures.count
  }
}
