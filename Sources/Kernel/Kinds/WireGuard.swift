import Glibc
import Model
import Netlink

/// How links of type wireguard are told their keys and peers: by a family of generic netlink.
enum WireGuardKind: KernelKind {
  static var transport: Transport { .direct }

  /// A link without a private key counts as one that nobody configured.
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    let links = observation.links.links.filter { $0.device == .wireguard }
    if links.isEmpty { return }
    let socket = try Socket(.generic)
    guard let family = try socket.genericFamily(named: WireGuardCommand.family) else { return }
    for link in links {
      let parts: [WireGuardPart]
      do throws(NetlinkError) {
        // wg show LINK dump
        parts = try socket.dump("wg show \(link.name)", family) {
          $0.genericHeader(WireGuardCommand.getDevice)
          $0.put(WireGuardDevice.link, link.name.text)
        } parse: {
          WireGuardPart($0.genericAttributes)
        }
      } catch {
        // It went meanwhile.
        if error.code == ErrorCode.noDevice { continue }
        throw error
      }
      var device = WireGuard(link.name, parts, now: Int64(time(nil)))
      device.isOwned = link.isOwned
      if device.publicKey != nil { observed.wireGuards.append(device) }
    }
  }

  static func command(_ device: WireGuard, _ word: String, _ change: Change) -> String {
    "wg set \(device.link)"
  }

  static func encode(
    _ change: Change, _ device: WireGuard, from present: WireGuard?, _ encoder: Encoder
  ) throws(NetlinkError) {
    _ = try encoder.index(device.link)
    let operation = change.command
    if change.verb != .delete, device.privateKey == nil, device.publicKey != present?.publicKey {
      throw NetlinkError(
        operation, code: 0,
        kernelText: "the link has not the key of \(device.publicKey.map { "\($0)" } ?? "anybody"), "
          + "which only a private_key_file can give it")
    }
    let socket = try Socket(.generic)
    guard let family = try socket.genericFamily(named: WireGuardCommand.family) else {
      throw NetlinkError(
        operation, code: ErrorCode.noEntry, kernelText: "this kernel has no WireGuard")
    }
    let batch = Batch()
    batch.step(0) { operation }
    if change.verb == .delete {
      batch.reset(device.link, family)
    } else {
      batch.set(device, from: present, family)
    }
    if let failure = try socket.send(batch).first { throw failure.error }
  }
}
