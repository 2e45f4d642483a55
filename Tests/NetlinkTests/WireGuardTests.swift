import Model
import TestSupport
import Testing

@testable import Kernel
@testable import Netlink

/// What is sent to the family `wireguard`, and what its dumps mean.
@Suite struct WireGuardTests {
  private static let family: UInt16 = 0x21
  private let first = PublicKey(bytes: [UInt8](repeating: 1, count: 32))!
  private let second = PublicKey(bytes: [UInt8](repeating: 2, count: 32))!

  private func messages(_ body: (Batch) -> Void) -> [[UInt8]] {
    let batch = Batch(capacity: 16)
    batch.step(0) { "" }
    body(batch)
    let bytes = UnsafeRawBufferPointer(start: batch.base, count: batch.count)
    defer { withExtendedLifetime(batch) {} }
    return Messages(bytes).map { Array($0.payload) }
  }

  private func parts(_ messages: [[UInt8]]) -> [WireGuardPart] {
    messages.map { bytes in
      bytes.withUnsafeBytes {
        WireGuardPart(Message(type: Self.family, payload: $0).genericAttributes)
      }
    }
  }

  private func peer(_ key: PublicKey, _ change: (inout WireGuardPeer) -> Void = { _ in })
    -> WireGuardPeer
  {
    var peer = WireGuardPeer(key)
    change(&peer)
    return peer
  }

  private func device(_ peers: [WireGuardPeer]) -> WireGuard {
    var device = WireGuard(LinkName("wg0")!)
    device.peers = peers
    return device
  }

  /// `wg set wg0 peer KEY endpoint 192.0.2.1:51820 persistent-keepalive 25 allowed-ips 10.0.0.0/8`
  @Test func aPeerIsToldAsWgDoes() {
    let wanted = device([
      peer(first) {
        $0.endpoint = .init("192.0.2.1:51820")
        $0.keepalive = 25
        $0.allowedIPs = [Prefix("10.0.0.0/8")!]
      }
    ])
    let golden: [UInt8] =
      [1, 1, 0, 0]  // WG_CMD_SET_DEVICE, version 1
      + [8, 0, 2, 0, 119, 103, 48, 0]  // WGDEVICE_A_IFNAME "wg0"
      + [112, 0, 8, 0x80]  // WGDEVICE_A_PEERS, nested
      + [108, 0, 0, 0x80]
      + [36, 0, 1, 0] + first.bytes  // WGPEER_A_PUBLIC_KEY
      + [8, 0, 3, 0, 2, 0, 0, 0]  // WGPEER_A_FLAGS WGPEER_F_REPLACE_ALLOWEDIPS
      + [20, 0, 4, 0, 2, 0, 0xca, 0x6c, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]  // WGPEER_A_ENDPOINT
      + [6, 0, 5, 0, 25, 0, 0, 0]  // WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL
      + [32, 0, 9, 0x80, 28, 0, 0, 0x80]  // WGPEER_A_ALLOWEDIPS, nested
      + [6, 0, 1, 0, 2, 0, 0, 0]  // WGALLOWEDIP_A_FAMILY AF_INET
      + [8, 0, 2, 0, 10, 0, 0, 0]  // WGALLOWEDIP_A_IPADDR
      + [5, 0, 3, 0, 8, 0, 0, 0]  // WGALLOWEDIP_A_CIDR_MASK
    // From a link that has no peers.
    #expect(messages { $0.set(wanted, from: device([]), Self.family) } == [golden])
  }

  /// Other peers, and what stays of a peer, aren't in the message.
  @Test func onlyWhatDiffersIsTold() {
    let stays = peer(second) { $0.allowedIPs = [Prefix("10.2.0.0/16")!] }
    let old = peer(first) { $0.allowedIPs = [Prefix("10.1.0.0/16")!] }
    var grown = old
    grown.allowedIPs.append(Prefix("10.3.0.0/16")!)
    var changes = device([grown, stays]).peerChanges(from: device([old, stays]))
    #expect(changes.count == 1 && changes[0].allowedIPs == [Prefix("10.3.0.0/16")!])
    #expect(changes[0].flags == WireGuardPeerAttribute.updateOnly && changes[0].endpoint == nil)
    changes = device([old, stays]).peerChanges(from: device([grown, stays]))
    #expect(changes[0].flags & WireGuardPeerAttribute.replaceAllowedIPs != 0)
    changes = device([stays]).peerChanges(from: device([old, stays]))
    #expect(changes.map(\.flags) == [WireGuardPeerAttribute.remove])
    #expect(device([old, stays]).peerChanges(from: device([old, stays])).isEmpty)
  }

  /// A peer that exceeds a message continues in the next; a dump split in this way is put together
  /// again.
  @Test func manyAllowedIPsAreSplitAndMerged() {
    let prefixes = (0..<5_000).map { Prefix(IPAddress(v4: 0x0a00_0000 + UInt32($0))) }
    let large = peer(first) { $0.allowedIPs = prefixes }
    let small = peer(second) { $0.allowedIPs = [Prefix("192.0.2.0/24")!] }
    let sent = messages { $0.set(device([large, small]), from: nil, Self.family) }
    #expect(sent.count == 6)
    #expect(sent.allSatisfy { $0.count < 1 << 16 })
    let read = WireGuard(LinkName("wg0")!, parts(sent))
    #expect(read.peers == device([large, small]).peers)
    // Otherwise the kernel would forget the first part.
    let flags = device([large]).peerChanges(from: nil)
    var rest = flags[...]
    _ = WireGuardPeerChange.message(&rest)
    #expect(rest.first?.flags == WireGuardPeerAttribute.updateOnly)
  }

  @Test func damagedDumpsAreReadAsFarAsTheyGo() {
    let sent = messages {
      $0.set(device([peer(first) { $0.endpoint = .init("[2001:db8::1]:7") }]), from: nil, 0x21)
    }
    var random = SplitMix64(7)
    for _ in 0..<2_000 {
      var bytes = sent[0]
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
      _ = parts([Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))])
    }
  }

  // MARK: - Keys

  /// RFC 7748, section 6.1.
  @Test func aPrivateKeyHasThePublicKeyOfTheRFC() throws {
    let alice = try #require(
      SecretKey(file: Array("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n".utf8)))
    #expect("\(alice.publicKey)" == "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=")
  }

  @Test func wgPubkeySaysTheSame() throws {
    for _ in 0..<20 {
      let text = try sh("wg genkey")
      let key = try #require(SecretKey(file: Array(text.utf8)))
      #expect(try sh("wg pubkey", input: text) == "\(key.publicKey)\n")
    }
  }

  @Test func aSecretIsNeverShown() {
    let key = SecretKey(bytes: [UInt8](repeating: 65, count: 32))!
    var text = ""
    dump(key, to: &text)
    text += "\(key)" + String(reflecting: key) + "\(Optional(key) as Any)"
    #expect(!text.contains("65") && !text.contains("QUFB"))
  }

  @Test(arguments: [
    "", "QUFB", String(repeating: "A", count: 44), String(repeating: "A", count: 42) + "B=",
  ])
  func whatIsNoKeyIsRefused(_ text: String) {
    #expect(PublicKey(text) == nil)
    #expect(SecretKey(file: Array(text.utf8)) == nil)
  }

  // MARK: - Roaming

  /// While its session is alive a peer may move; a dead one is called where the file says.
  @Test func anEndpointThatThePeerMovedToIsLeftWhileItsSessionLives() {
    let wanted = peer(first) { $0.endpoint = .init("192.0.2.1:51820") }
    var moved = peer(first) { $0.endpoint = .init("198.51.100.7:4000") }
    #expect(!wanted.agreesOnEndpoint(with: moved))
    moved.handshakeAge = .seconds(179)
    #expect(wanted.agreesOnEndpoint(with: moved))
    // The file has changed since.
    moved.statedEndpoint = "192.0.2.2:51820"
    #expect(!wanted.agreesOnEndpoint(with: moved))
    moved.statedEndpoint = "192.0.2.1:51820"
    #expect(wanted.agreesOnEndpoint(with: moved))
    moved.handshakeAge = .seconds(180)
    #expect(!wanted.agreesOnEndpoint(with: moved))
  }
}
