import Model
import Netlink

enum IPVSDaemonKind: KernelKind {
  static var transport: Transport { .generic }

  /// Observed with the services.
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
  }

  static func command(_ daemon: IPVSDaemon, _ word: String, _ change: Change) -> String {
    change.verb == .delete
      ? "ipvsadm --stop-daemon \(daemon.role)"
      : "ipvsadm --start-daemon \(daemon.role) --mcast-interface \(daemon.link)"
  }

  static func encode(
    _ change: Change, _ daemon: IPVSDaemon, from present: IPVSDaemon?, _ encoder: Encoder
  ) throws(NetlinkError) {
    try encoder.ipvs(change).encode(change.verb, daemon)
  }
}
