import Model
import Netlink

/// What one message of a dump tells of a device. A peer whose allowed IPs don't fit goes on in the next
/// message, under its public key alone.
struct WireGuardPart {
  var publicKey: PublicKey?
  var listenPort: UInt16?
  var mark: UInt32?
  var peers: [WireGuardPeer] = []

  init(_ attributes: Attributes) {
    for attribute in attributes {
      switch attribute.type {
      case WireGuardDevice.publicKey: publicKey = PublicKey(bytes: Array(attribute.payload))
      case WireGuardDevice.listenPort: listenPort = attribute.uint16
      case WireGuardDevice.mark: mark = attribute.uint32
      case WireGuardDevice.peers: peers = attribute.nested.compactMap { WireGuardPeer($0.nested) }
      default: continue
      }
    }
  }
}

extension WireGuard {
  /// `now`: seconds since 1970.
  init(_ link: LinkName, _ parts: [WireGuardPart], now: Int64) {
    self.init(link)
    // wg_get_device_dump tells of the device in the first message alone.
    publicKey = parts.compactMap(\.publicKey).first
    listenPort = parts.compactMap(\.listenPort).first
    mark = parts.compactMap(\.mark).first.flatMap { $0 == 0 ? nil : Mark($0) }
    var merged: [WireGuardPeer] = []
    for peer in parts.flatMap(\.peers) {
      if merged.last?.publicKey == peer.publicKey {
        merged[merged.count - 1].allowedIPs += peer.allowedIPs
      } else {
        merged.append(peer)
      }
    }
    for index in merged.indices {
      merged[index].isFresh =
        merged[index].handshake.map { now - $0 < Self.sessionSeconds } ?? false
    }
    peers = merged
  }

  /// REJECT_AFTER_TIME: no packet is taken by an older session.
  private static let sessionSeconds: Int64 = 180
}

extension WireGuardPeer {
  init?(_ attributes: Attributes) {
    guard
      let key = attributes.first(where: { $0.type == WireGuardPeerAttribute.publicKey }),
      let publicKey = PublicKey(bytes: Array(key.payload))
    else { return nil }
    self.init(publicKey)
    for attribute in attributes {
      switch attribute.type {
      case WireGuardPeerAttribute.presharedKey:
        let bytes = Array(attribute.payload)
        presharedKey = bytes.contains { $0 != 0 } ? SecretKey(bytes: bytes) : nil
      case WireGuardPeerAttribute.endpoint: endpoint = Endpoint(socketAddress: attribute.payload)
      case WireGuardPeerAttribute.keepalive: keepalive = attribute.uint16 ?? 0
      case WireGuardPeerAttribute.handshake:
        // struct __kernel_timespec
        handshake = attribute.uint64.flatMap { $0 == 0 ? nil : Int64(truncatingIfNeeded: $0) }
      case WireGuardPeerAttribute.allowedIPs:
        allowedIPs = attribute.nested.compactMap { Prefix(allowedIP: $0.nested) }
      default: continue
      }
    }
  }
}

extension Prefix {
  fileprivate init?(allowedIP attributes: Attributes) {
    var (address, length): (IPAddress?, UInt8?) = (nil, nil)
    for attribute in attributes {
      if attribute.type == WireGuardAllowedIP.address { address = attribute.ipAddress }
      if attribute.type == WireGuardAllowedIP.length { length = attribute.uint8 }
    }
    guard let address, let length else { return nil }
    self.init(address, length: length)
  }
}
