import Model

/// Detects changes that somebody makes to IPVS, which sends no events.
///
/// Belongs to the network namespace of the thread that uses it, and has a socket of its own. Not
/// thread-safe.
public final class IPVSWatch {
  private var kernel: IPVSKernel?
  private var last: NetworkState?

  public init() {}

  /// Whether it has changed since the last call; true at the first call, false without IPVS.
  public func hasChanged() -> Bool {
    // Asking for it would load its module, or try to each time.
    guard IPVSKernel.isLoaded else { return false }
    do {
      if kernel == nil { kernel = try IPVSKernel.open() }
      guard let kernel else { return false }
      var found = NetworkState()
      try kernel.observe(into: &found)
      defer { last = found }
      return found != last
    } catch {
      // Once it can be read again, that counts as a change.
      last = nil
      return false
    }
  }
}
