import Blueprints
import Glibc
import Kernel
import Model
import Netlink
import Nftables
import TestSupport
import Testing

private let golden = String(#filePath.dropLast("TableTests.swift".count)) + "Golden/"

/// `RECORD=1` writes the present text, whose diff is then read.
func expectGolden(_ text: String, _ name: String) throws {
  let path = golden + name
  if getenv("RECORD") != nil { try writeFile(path, text) }
  #expect(try text == String(decoding: readFile(path), as: UTF8.self), "\(name)")
}

extension Nftables.Table {
  /// Loads it into the calling thread's namespace.
  func load() throws {
    try NftablesKernel().create([TableCompiler.compile(self) { _ in nil }.get()])
  }
}

@Suite struct TableTests {
  static let modes: [(name: String, gateways: Gateways)] = [
    ("consistent", Seed.gateways(balance: .consistent(buckets: 16))),
    ("consistent-dual", Seed.gateways(4, balance: .consistent(buckets: 16), ipv6: true)),
    ("consistent-egress-only", Seed.gateways(4, balance: .consistent(buckets: 16), vips: false)),
    (
      "consistent-services", Seed.gateways(2, balance: .consistent(buckets: 16), ipv6: true).serving
    ),
    ("ecmp", Seed.gateways(balance: .ecmp(.init()))),
    ("single", Seed.gateways(2, balance: .single, vips: false)),
    ("groups", Seed.groups().serving),
  ]

  /// What nft prints of the table was read line by line against `dataplane-rules.md`.
  @Test(arguments: modes.indices)
  func nftListsWhatTheGoldenFileSays(_ index: Int) throws {
    let (name, gateways) = Self.modes[index]
    let text = try Namespace.make().run { () -> String in
      try gateways.expanded(up: gateways.names.subtracting(["gw1"])).table.load()
      let text = try sh("nft list table inet vpngw")
      // People save what nft lists, and load it again.
      try sh("nft -f -", input: "delete table inet vpngw\n\(text)")
      #expect(try sh("nft list table inet vpngw") == text)
      return text
    }
    try expectGolden(text, "\(name).nft")
  }

  @Test(arguments: modes.indices)
  func nftListsTheGoldenFileWithNoGatewayAlive(_ index: Int) throws {
    let gateways = Self.modes[index].gateways
    try Namespace.make().run {
      try gateways.expanded(up: []).table.load()
      let text = try sh("nft list table inet vpngw")
      let hasVIPs = gateways.members.contains { !$0.vips.isEmpty }
      for chain in ["forward", "leave", "steer"] + (hasVIPs ? ["raw", "outside"] : []) {
        #expect(text.contains("chain \(chain)"))
      }
    }
  }
}
