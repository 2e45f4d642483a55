import Model
import Netlink

enum IPVSTimeoutKind: KernelKind {
  static var transport: Transport { .generic }

  /// Observed with the services.
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
  }

  static func command(_ timeout: IPVSTimeout, _ word: String, _ change: Change) -> String {
    "ipvsadm --set \(timeout.state) \(timeout.duration.text)"
  }

  static func encode(
    _ change: Change, _ timeout: IPVSTimeout, from present: IPVSTimeout?, _ encoder: Encoder
  ) throws(NetlinkError) {
    let requests = try encoder.ipvs(change)
    // ipvsadm --set TCP TCPFIN UDP; timeouts that aren't sent stay
    requests.batch.genericRequest(requests.family, IPVSCommand.setConfig) {
      $0.put(timeout.state.attribute, seconds: timeout.duration)
    }
  }
}
