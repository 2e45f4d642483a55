import Model

/// Sees what somebody changes of IPVS, which sends no events.
///
/// It belongs to the network namespace of the thread that uses it, and has a socket of its own. Not
/// thread-safe.
public final class IPVSWatch {
  private var kernel: IPVSKernel?
  private var last: NetworkState?

  public init() {}

  /// Whether it isn't as it was at the last call, as it never is at the first; without IPVS it is.
  public func hasChanged() -> Bool {
    // Asking for it would load its module, again and again where there is none.
    guard IPVSKernel.isLoaded else { return false }
    do {
      if kernel == nil { kernel = try IPVSKernel.open() }
      guard let kernel else { return false }
      var found = NetworkState()
      try kernel.observe(into: &found)
      defer { last = found }
      return found != last
    } catch {
      // What can't be read now may be read next time, and is news then.
      last = nil
      return false
    }
  }
}
