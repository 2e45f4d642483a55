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
    guard let socket = try WireGuardSocket() else { return }
    for link in links {
      // It may have gone meanwhile.
      guard let parts = try socket.dump(link.name, { WireGuardPart($0.genericAttributes) })
      else { continue }
      var device = WireGuard(link.name, parts)
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
        kernelText:
          "the link doesn't have the private key of \(device.publicKey.map { "\($0)" } ?? "anybody"): "
          + "state private_key_file")
    }
    guard let socket = try WireGuardSocket() else {
      throw NetlinkError(
        operation, code: ErrorCode.noEntry, kernelText: "this kernel has no WireGuard")
    }
    let batch = Batch()
    batch.step(0) { operation }
    if change.verb == .delete {
      batch.reset(device.link, socket.family)
    } else {
      batch.set(device, from: present, socket.family)
    }
    if let failure = try socket.socket.send(batch).first { throw failure.error }
  }
}
