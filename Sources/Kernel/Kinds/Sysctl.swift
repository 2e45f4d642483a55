import Model
import Netlink

/// How settings are read and written: as files.
enum SysctlKind: KernelKind {
  static var transport: Transport { .direct }

  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    observed.sysctls = observation.sysctls.map(SysctlFile.read)
    guard !observation.sysctls.isEmpty, SysctlFile.areReadOnly else { return }
    for index in observed.sysctls.indices { observed.sysctls[index].isReadOnly = true }
  }

  static func command(_ sysctl: Sysctl, _ word: String, _ change: Change) -> String {
    "sysctl -w \(sysctl.key)=\(sysctl.text ?? "")"
  }

  static func encode(
    _ change: Change, _ sysctl: Sysctl, from present: Sysctl?, _ encoder: Encoder
  ) throws(NetlinkError) {
    try SysctlFile.write(sysctl)
  }
}
