import Model
import Netlink

extension Batch {
  /// A link as it was made: no key, no peers.
  ///
  /// `wg set LINK private-key /dev/null listen-port 0 fwmark 0`, and `peer KEY remove` of each.
  func reset(_ link: LinkName, _ family: UInt16) {
    genericRequest(family, WireGuardCommand.setDevice) {
      $0.put(WireGuardDevice.link, link.text)
      $0.put(WireGuardDevice.flags, WireGuardDevice.replacePeers)
      $0.put(WireGuardDevice.privateKey, bytes: [UInt8](repeating: 0, count: 32))
      $0.put(WireGuardDevice.listenPort, UInt16(0))
      $0.put(WireGuardDevice.mark, UInt32(0))
    }
  }

  /// What differs, in as many requests as it takes; without `present`, all.
  func set(_ device: WireGuard, from present: WireGuard?, _ family: UInt16) {
    var changes = device.peerChanges(from: present)[...]
    var isFirst = true
    repeat {
      let message = WireGuardPeerChange.message(&changes)
      genericRequest(family, WireGuardCommand.setDevice) { batch in
        batch.put(WireGuardDevice.link, device.link.text)
        if isFirst { batch.putSettings(of: device, from: present) }
        if message.isEmpty { return }
        batch.nest(WireGuardDevice.peers) { peers in
          for change in message { peers.nest(0) { $0.put(change) } }
        }
      }
      isFirst = false
    } while !changes.isEmpty
  }

  private func putSettings(of device: WireGuard, from present: WireGuard?) {
    if present == nil { put(WireGuardDevice.flags, WireGuardDevice.replacePeers) }
    if let key = device.privateKey, device.publicKey != present?.publicKey {
      put(WireGuardDevice.privateKey, bytes: key.bytes)
    }
    // Even the same port anew would close the socket and open another.
    if let port = device.listenPort, port != present?.listenPort {
      put(WireGuardDevice.listenPort, port)
    }
    if device.mark != present?.mark { put(WireGuardDevice.mark, device.mark?.bits ?? 0) }
  }

  private func put(_ change: WireGuardPeerChange) {
    put(WireGuardPeerAttribute.publicKey, bytes: change.publicKey.bytes)
    if change.flags != 0 { put(WireGuardPeerAttribute.flags, change.flags) }
    if let key = change.presharedKey { put(WireGuardPeerAttribute.presharedKey, bytes: key) }
    if let endpoint = change.endpoint {
      put(WireGuardPeerAttribute.endpoint, bytes: endpoint.socketAddress)
    }
    if let keepalive = change.keepalive { put(WireGuardPeerAttribute.keepalive, keepalive) }
    if change.allowedIPs.isEmpty { return }
    nest(WireGuardPeerAttribute.allowedIPs) { list in
      for prefix in change.allowedIPs {
        list.nest(0) {
          $0.put(WireGuardAllowedIP.family, UInt16(prefix.family.number))
          $0.put(WireGuardAllowedIP.address, prefix.address)
          $0.put(WireGuardAllowedIP.length, prefix.length)
        }
      }
    }
  }
}

/// What the kernel is told of one peer.
struct WireGuardPeerChange: Equatable {
  let publicKey: PublicKey
  var flags: UInt32 = 0
  /// All zeros: none.
  var presharedKey: [UInt8]?
  var endpoint: WireGuardPeer.Endpoint?
  var keepalive: UInt16?
  var allowedIPs: [Prefix] = []

  init(_ publicKey: PublicKey) { self.publicKey = publicKey }

  /// An allowed IP takes at most 44 bytes and the rest of a peer 144: far below the 64 kB that an
  /// attribute, such as the list of peers, may have.
  private static let room = 1_000
  private static let ownRoom = 4

  /// Takes off what one message holds. A peer that is larger goes on in the next, under its key alone.
  static func message(_ changes: inout ArraySlice<Self>) -> [Self] {
    var message: [Self] = []
    var left = room
    while var change = changes.first, left > ownRoom {
      left -= ownRoom
      let rest = change.allowedIPs.dropFirst(left)
      change.allowedIPs = Array(change.allowedIPs.prefix(left))
      left -= change.allowedIPs.count
      message.append(change)
      changes.removeFirst()
      if !rest.isEmpty {
        var more = Self(change.publicKey)
        more.flags = WireGuardPeerAttribute.updateOnly
        more.allowedIPs = Array(rest)
        changes = [more] + changes
        break
      }
    }
    return message
  }
}

extension WireGuard {
  /// Peers that go come first: what they were allowed is free then.
  func peerChanges(from present: WireGuard?) -> [WireGuardPeerChange] {
    let old = Dictionary(
      (present?.peers ?? []).map { ($0.publicKey, $0) }, uniquingKeysWith: { first, _ in first })
    let wanted = Set(peers.map(\.publicKey))
    let gone = (present?.peers ?? []).filter { !wanted.contains($0.publicKey) }.map { peer in
      var change = WireGuardPeerChange(peer.publicKey)
      change.flags = WireGuardPeerAttribute.remove
      return change
    }
    return gone + peers.compactMap { $0.change(from: old[$0.publicKey]) }
  }
}

extension WireGuardPeer {
  /// Nil: nothing is to be changed.
  fileprivate func change(from present: WireGuardPeer?) -> WireGuardPeerChange? {
    var change = WireGuardPeerChange(publicKey)
    guard let present else {
      change.flags = WireGuardPeerAttribute.replaceAllowedIPs
      change.presharedKey = presharedKey?.bytes
      if endpoint?.addresses.isEmpty == false { change.endpoint = endpoint }
      if keepalive != 0 { change.keepalive = keepalive }
      change.allowedIPs = allowedIPs
      return change
    }
    let unchanged = change
    if !agreesOnPresharedKey(with: present) {
      change.presharedKey = presharedKey?.bytes ?? [UInt8](repeating: 0, count: 32)
    }
    if !agreesOnEndpoint(with: present) { change.endpoint = endpoint }
    if keepalive != present.keepalive { change.keepalive = keepalive }
    if allowedIPs != present.allowedIPs {
      let held = Set(present.allowedIPs)
      // What only grows takes nothing away meanwhile.
      if held.isSubset(of: allowedIPs) {
        change.allowedIPs = allowedIPs.filter { !held.contains($0) }
      } else {
        change.flags = WireGuardPeerAttribute.replaceAllowedIPs
        change.allowedIPs = allowedIPs
      }
    }
    if change == unchanged { return nil }
    change.flags |= WireGuardPeerAttribute.updateOnly
    return change
  }
}

extension WireGuardPeer.Endpoint {
  /// `struct sockaddr_in` or `struct sockaddr_in6`.
  var socketAddress: [UInt8] {
    guard let address = addresses.first else { return [] }
    func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: value) { Array($0) }
    }
    let start = bytes(UInt16(address.family.number)) + bytes(port.bigEndian)
    switch address.family {
    case .inet: return start + bytes(address.v4.bigEndian) + [UInt8](repeating: 0, count: 8)
    case .inet6:
      let (high, low) = address.v6
      return start + bytes(UInt32(0)) + bytes(high.bigEndian) + bytes(low.bigEndian)
        + bytes(UInt32(0))
    }
  }

  init?(socketAddress: UnsafeRawBufferPointer) {
    guard socketAddress.count >= 8 else { return nil }
    let family = socketAddress.loadUnaligned(as: UInt16.self)
    let port = UInt16(bigEndian: socketAddress.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    switch Family(number: UInt8(truncatingIfNeeded: family)) {
    case .inet:
      self.init(address: IPAddress(bytes: socketAddress[4..<8])!, port: port)
    case .inet6 where socketAddress.count >= 24:
      self.init(address: IPAddress(bytes: socketAddress[8..<24])!, port: port)
    default: return nil
    }
  }
}
