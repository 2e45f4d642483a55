import Glibc
import Model
import Netlink

/// What one message of a dump tells of a device. A peer whose allowed IPs don't fit goes on in the next
/// message, under its public key alone.
struct WireGuardPart {
  /// Root is told it; an undo needs it.
  var privateKey: SecretKey?
  var publicKey: PublicKey?
  var listenPort: UInt16?
  var mark: UInt32?
  var peers: [WireGuardPeer] = []

  init(_ attributes: Attributes) {
    for attribute in attributes {
      switch attribute.type {
      case WireGuardDevice.privateKey: privateKey = SecretKey(bytes: Array(attribute.payload))
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
  init(_ link: LinkName, _ parts: [WireGuardPart]) {
    self.init(link)
    // wg_get_device_dump tells of the device in the first message alone.
    privateKey = parts.compactMap(\.privateKey).first
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
    for index in merged.indices { merged[index].allowedIPs.sort() }
    // An initializer calls no observers, which keep these sorted elsewhere.
    peers = merged.sorted { $0.publicKey < $1.publicKey }
  }
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
        handshakeAge = Duration(timespec: attribute.payload).map { max(.zero, .sinceEpoch - $0) }
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

extension Duration {
  /// `struct __kernel_timespec`; nil where it is all zero, or none.
  init?(timespec bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 16 else { return nil }
    let seconds = bytes.loadUnaligned(as: Int64.self)
    let nanoseconds = bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self)
    if seconds == 0, nanoseconds == 0 { return nil }
    self = .seconds(seconds) + .nanoseconds(nanoseconds)
  }

  /// The machine's clock, by which the kernel dates handshakes, in whole seconds.
  static var sinceEpoch: Duration { .seconds(time(nil)) }
}
