/// An address that stands while a virtual router is master must not outlive a daemon that is killed or
/// hangs: another machine has it by then. So `vpngw run` gives it a lifetime, and renews that for as
/// long as the machine is master.
extension Address {
  public enum Lease: Hashable, Sendable {
    /// The lifetimes are the stated ones.
    case none
    /// Nobody here renews it, but a daemon may: it is made for ever, and left as it is.
    case either
    /// The daemon renews it.
    case renewed
  }

  /// The kernel counts lifetimes in whole seconds, and looks for expired addresses when one is due, at
  /// most once a second and a fraction of a second late (`check_lifetime` in `net/ipv4/devinet.c`,
  /// `addrconf_verify_rtnl` in `net/ipv6/addrconf.c`). Of three seconds two are left after a
  /// renewal that is a second late, as where another process holds the kernel's lock on links. The
  /// address goes 2 to 3.5 s after the daemon's end; with adverts of 1 s, a peer takes over
  /// after 3 to 4 s.
  public static let leaseTime = Duration.seconds(3)
  /// From one renewal to the next.
  public static let leaseRenewal = Duration.seconds(1)

  /// The lifetimes that a request to the kernel states.
  public var lifetimes: (valid: Duration?, preferred: Duration?) {
    guard lease == .renewed else { return (validLifetime, preferredLifetime) }
    return (Self.leaseTime, preferredLifetime == .zero ? .zero : Self.leaseTime)
  }

  /// Whether its lifetimes are those of a lease, whatever is left of it.
  public var looksLeased: Bool {
    isOwned && validLifetime.map { $0 <= Self.leaseTime } ?? false
  }

  public static let canBeLeased = true

  /// Leased if it goes when no virtual router is master; where the file states a lifetime, that one counts.
  ///
  /// Without duplicate detection, which would keep a new master from using it for a second or more, and
  /// would find the old one.
  public func standing(under condition: Condition, isRenewed: Bool) -> Address {
    guard condition.needsMaster else { return self }
    var address = self
    if address.address.family == .inet6 { address.skipsDuplicateDetection = true }
    if validLifetime == nil { address.lease = isRenewed ? .renewed : .either }
    return address
  }
}

extension Condition {
  /// Whether it is down while no virtual router is master.
  public var needsMaster: Bool {
    let routers = signals.filter { $0.source == .vrrp }
    if routers.isEmpty { return false }
    return state(given: Dictionary(uniqueKeysWithValues: routers.map { ($0, .down) })) == .down
  }
}
