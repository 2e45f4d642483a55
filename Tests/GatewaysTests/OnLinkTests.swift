import Blueprints
import Model
import State
import TestSupport
import Testing

/// The table of what is on the VPN network's links: its networks, and no way out.
@Suite struct OnLinkTests {
  /// The table's routes as `ip route` would print them, for a file with these sections added.
  private func routes(
    _ sections: String = "", from: String = #""192.168.24.0/22""#,
    keeping observed: NetworkState = NetworkState()
  ) throws -> [String] {
    let desiredState = try StateFile.decode(
      Array(
        """
        {
          "version": 1,
          "links": [
            { "name": "net0", "managed": false }, { "name": "cl", "managed": false },
            { "name": "eth0", "managed": false }
          ],
          "gateways": {
            "link": "net0", "vip_links": "cl",
            "members": { "addresses": "192.168.25.128/31", "vips": "192.168.26.128/31" },
            "egress": { "from": \(from) }
          }
          \(sections)
        }
        """.utf8))
    return desiredState.expanded(keeping: observed).routes.filter { $0.table.number == 11_865 }.map
    {
      "\($0.dst)" + ($0.hop?.via.map { " via \($0)" } ?? "") + " dev \($0.hop!.dev!)"
    }
  }

  private func address(_ text: String, _ link: String, ours: Bool = false) -> Address {
    var address = Address(Prefix(text)!, link: LinkName(link)!)
    if !ours { address.protocol = AddressProtocol(0) }
    return address
  }

  @Test func clientsGatewaysAndVIPsAreOnTheGatewaysLink() throws {
    #expect(try routes() == ["192.168.24.0/22 dev net0"])
    #expect(
      try routes(from: #""192.168.24.0/24""#) == [
        "192.168.24.0/24 dev net0", "192.168.25.128/32 dev net0", "192.168.25.129/32 dev net0",
        "192.168.26.128/32 dev net0", "192.168.26.129/32 dev net0",
      ])
  }

  @Test func realServersAreOnTheGatewaysLink() throws {
    let services = """
      , "services": {
        "dns": { "vips": "192.168.26.254", "ports": 53, "protocols": "udp",
          "servers": "192.168.27.7-192.168.27.8" } }
      """
    #expect(
      try routes(services, from: #""192.168.24.0/23""#).filter { $0.contains("192.168.27") }
        == ["192.168.27.7/32 dev net0", "192.168.27.8/32 dev net0"])
  }

  @Test func declaredAddressesTellTheirLinksNetworks() throws {
    let addresses = """
      , "addresses": [
        { "link": "net0", "address": "192.168.25.1/24" }, { "link": "net0", "address": "fd24::1/64" },
        { "link": "cl", "address": "192.168.26.1/24" }, { "link": "cl", "address": "fe80::7/64" },
        { "link": "cl", "address": "10.0.0.1/32", "peer": "10.0.0.2/32" },
        { "link": "eth0", "address": "10.244.0.7/24" }
      ]
      """
    #expect(
      try routes(addresses, from: #"["192.168.24.0/24", "192.168.26.0/25"]"#) == [
        "10.0.0.2/32 dev cl", "192.168.24.0/24 dev net0", "192.168.25.0/24 dev net0",
        "192.168.26.0/24 dev cl", "fd24::/64 dev net0",
      ])
  }

  /// Multus or another router's program: what it made counts. Our own addresses are declared, or
  /// about to go.
  @Test func addressesOfOtherProgramsCount() throws {
    var observed = NetworkState()
    observed.addresses = [
      address("172.20.0.5/16", "cl"), address("172.21.0.5/16", "cl", ours: true),
      address("172.22.0.5/16", "eth0"), address("172.23.0.5/32", "net0"),
    ]
    #expect(
      try routes(keeping: observed) == ["172.20.0.0/16 dev cl", "192.168.24.0/22 dev net0"])
  }

  /// Only routes that use the links alone are copied; none that lead elsewhere, or everywhere.
  @Test func theFilesOwnRoutesOverTheLinksAreCopied() throws {
    let sections = """
      , "addresses": [{ "link": "net0", "address": "192.168.26.1/22" }],
      "routes": [
        { "dst": "10.50.0.0/16", "via": "192.168.24.7", "dev": "net0" },
        { "dst": "10.51.0.0/16", "via": "192.168.24.7" },
        { "dst": "10.52.0.0/16", "via": "10.244.0.1", "dev": "eth0" },
        { "dst": "10.53.0.0/16", "nexthops": [
          { "via": "192.168.24.7", "dev": "net0" }, { "via": "10.244.0.1", "dev": "eth0" }] },
        { "dst": "10.54.0.0/16", "via": "192.168.24.7", "dev": "net0", "table": 7 },
        { "dst": "0.0.0.0/0", "via": "192.168.24.7", "dev": "net0" },
        { "dst": "10.55.0.0/16", "type": "unreachable" }
      ]
      """
    #expect(
      try routes(sections) == [
        "10.50.0.0/16 via 192.168.24.7 dev net0", "10.51.0.0/16 via 192.168.24.7 dev net0",
        "192.168.24.0/22 dev net0",
      ])
  }

  /// Whatever a file or another program says, each of the table's routes uses one of the links.
  @Test(arguments: ["router", "single-router"]) func everyRouteUsesAVPNLink(_ name: String) throws {
    let desiredState = try ExpansionTests.desiredState(name + ".json")
    let gateways = try #require(desiredState.blueprints[Gateways.self])
    let routes = desiredState.expanded().routes.filter {
      $0.table.number == gateways.onLinkTable
    }
    #expect(!routes.isEmpty)
    #expect(routes.allSatisfy { $0.hop?.dev == gateways.link && $0.dst.length > 0 })
  }

  /// The default numbers are nobody else's.
  @Test func defaultNumbersAvoidThoseInCommonUse() {
    let gateways = Gateways(
      link: Seed.link,
      members: (0..<64).map { .init("gw\($0)", [IPAddress(v4: 0x0a00_0000 + $0)]) },
      egress: .init(from: [Seed.from]))
    let tables = gateways.tables + [gateways.onLinkTable]
    // gluetun, tailscale, Cilium, the kernel, wg-quick, WARP.
    for taken: ClosedRange<UInt32> in [
      0...255, 2004...2005, 7120...7120, 51_820...51_820, 52...52, 65_743...65_743,
    ] {
      #expect(!tables.contains(where: taken.contains))
    }
    // gluetun and Cilium, AWS, VRF and AWS, tailscale, the kernel and wg-quick.
    for taken: ClosedRange<UInt32> in [
      0...111, 512...512, 1000...1536, 5210...5270, 29_000...32_767,
    ] {
      #expect(!taken.overlaps(gateways.priorities))
    }
    // AWS, Cilium, portmap, kube-proxy, tailscale and Calico: none of the bits that they test.
    let bits: UInt32 = 0x80 | 0x0f00 | 0x2000 | 0x4000 | 0x8000 | 0xffff_0000
    #expect(gateways.reservedMarks.joined().allSatisfy { $0 & bits == 0 && $0 != 0 })
  }
}
