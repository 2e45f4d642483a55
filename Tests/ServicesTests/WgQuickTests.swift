import JSON
import Model
import State
import TestSupport
import Testing

@testable import WgQuick

/// What `vpngw import wireguard` makes of providers' files.
@Suite struct WgQuickTests {
  private static let secret = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
  private static let key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
  private static let preshared = "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak="

  private func made(_ text: String, _ path: String = "wg0.conf") throws -> (
    made: WgQuickImport, state: NetworkState, text: String
  ) {
    let made = WgQuickImport(path, Array(text.utf8), keysIn: "/keys")
    let text = made.tree.text()
    return (made, try StateFile.decode(Array(text.utf8)).expanded(), text)
  }

  private static let provider = """
    # A provider's
    [interface]
    PRIVATEKEY = \(secret)
    Address = 10.2.0.2/32, fd00::2   # two
    DNS = 10.2.0.1
    MTU = 1420
    PostUp = iptables -A FORWARD -i %i -j ACCEPT
    SaveConfig = true

    [Peer]
    PublicKey = \(key)
    PresharedKey=\(preshared)
    AllowedIPs = 0.0.0.0/0, ::/0
    Endpoint = vpn.example.net:51820
    PersistentKeepalive = 25
    """

  @Test func aProvidersFileIsSteeredAsWgQuickDoes() throws {
    let (made, state, text) = try made(Self.provider)
    #expect(state.links.first?.mtu == 1420 && state.links.first?.device == .wireguard)
    #expect(state.addresses.count == 2)
    let device = try #require(state.wireGuards.first)
    #expect(device.privateKeyFile == "/keys/wg0.key" && device.mark == Mark(51820))
    #expect(device.peers.first?.allowedIPs == [Prefix("0.0.0.0/0")!, Prefix("::/0")!])
    #expect(device.peers.first?.keepalive == 25)
    #expect(state.routes.count == 2 && state.routes.allSatisfy { $0.table.number == 51820 })
    #expect(state.rules.count == 4)
    #expect(state.sysctls.map(\.key.description) == ["net.ipv4.conf.all.src_valid_mark"])
    for secret in [Self.secret, Self.preshared] {
      #expect(!text.contains(secret) && !made.notes.contains { "\($0)".contains(secret) })
    }
    #expect(made.keys.map(\.path) == ["/keys/wg0.key", "/keys/wg0-peer1.psk"])
    let notes = made.notes.map(\.description)
    #expect(notes.contains { $0.hasPrefix("wg0.conf:5: DNS") })
    #expect(notes.contains { $0.hasPrefix("wg0.conf:7: PostUp is not run") })
  }

  @Test(arguments: [("off", 0, 0), ("1000", 1, 0), ("auto", 1, 0)])
  func tableSaysWhereRoutesGo(_ table: String, _ routes: Int, _ rules: Int) throws {
    let state = try made(
      "[Interface]\nPrivateKey = \(Self.secret)\nTable = \(table)\n[Peer]\nPublicKey = \(Self.key)\n"
        + "AllowedIPs = 192.168.9.7/24\n"
    ).state
    #expect(state.routes.count == routes && state.rules.count == rules)
    #expect(state.wireGuards.first?.mark == nil)
    if table == "1000" { #expect(state.routes.first?.table.number == 1000) }
  }

  /// Sections and keys in any case, comments, and both ends of lines.
  @Test func whatWgQuickReadsIsRead() throws {
    let (made, state, _) = try made(
      """
      [INTERFACE] # ours\r
      privatekey = \(Self.secret)\r
      ADDRESS=10.9.0.1/24,fd09::1/64\r
      Address = 10.9.1.1\r
      FwMark = 0x77\r
      Table = main\r
      Jc = 4\r
      \r
      [Peer]\r
      PublicKey=\(Self.key)\r
      AllowedIPs = 10.9.0.0/16\r
      AllowedIPs = fd09::/64, 192.0.2.7\r
      Endpoint = [2001:db8::1]:443\r
      PersistentKeepalive = off\r
      """)
    #expect(state.addresses.count == 3)
    let device = try #require(state.wireGuards.first)
    #expect(device.mark == Mark(0x77))
    let peer = try #require(device.peers.first)
    #expect(peer.endpoint?.text == "[2001:db8::1]:443" && peer.keepalive == 0)
    #expect(peer.allowedIPs.map(\.description) == ["10.9.0.0/16", "192.0.2.7/32", "fd09::/64"])
    #expect(state.routes.count == 3 && state.rules.isEmpty)
    let notes = made.notes.map(\.description)
    #expect(notes.count == 1 && notes[0].hasPrefix("wg0.conf:7: \"Jc\" is unknown"))
  }

  /// A network that an address brings along needs no second route.
  @Test func theKernelsOwnRouteServes() throws {
    let state = try made(
      "[Interface]\nPrivateKey = \(Self.secret)\nAddress = 10.9.0.1/16\n[Peer]\n"
        + "PublicKey = \(Self.key)\nAllowedIPs = 10.9.0.0/16, 10.9.7.0/24, 10.8.0.0/16\n"
    ).state
    #expect(state.routes.map { "\($0.dst)" } == ["10.8.0.0/16"])
  }

  /// Whatever is in the file, what is printed is valid.
  @Test func brokenFilesMakeValidStates() throws {
    let peer = "[Peer]\nPublicKey = \(Self.key)\nAllowedIPs = 10.0.0.0/8\n"
    let own = "[Peer]\nPublicKey = hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n"
    for text in [
      "", "[Peer]\nPublicKey = x\n", peer + peer, own, "nonsense\n[Interface\n",
      "[Interface]\nAddress = 0.0.0.0/0, x\nMTU = 9\nFwMark = -1\nTable = t\nListenPort = 70000\n",
      "[Interface]\nPrivateKey = \(Self.secret)\n" + own,
    ] { #expect(try !made(text).made.tree.text().isEmpty, "\(text)") }
    var random = SplitMix64(7)
    let bytes = Array(Self.provider.utf8)
    for _ in 0..<300 {
      var changed = bytes
      for _ in 0..<3 {
        changed[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 32..<127, using: &random)
      }
      let text = String(decoding: changed, as: UTF8.self)
      #expect(throws: Never.self, "\(text)") { try made(text) }
    }
  }
}
