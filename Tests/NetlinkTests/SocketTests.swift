import Kernel
import Model
import Nftables
import TestSupport
import Testing

@testable import Netlink

/// What is read is complete, and what can't be sent is an error of its step.
@Suite struct SocketTests {
  private func inNamespace(_ body: () throws -> Void) throws {
    try Namespace.make().run(body)
  }

  /// More than the kernel puts into one datagram (32 kB at most).
  private func makeLinks() throws {
    try sh("ip -batch -", input: (0..<100).map { "link add l\($0) type ifb\n" }.joined())
  }

  // MARK: - Reading

  @Test func anInterruptedDumpIsReadAgain() throws {
    try inNamespace {
      try makeLinks()
      var calls = 0
      let names = try Socket().dump("link show", RTM.getLink) {
        $0.linkHeader()
      } parse: { message -> String? in
        calls += 1
        // After the first datagram: the kernel then marks what follows (NLM_F_DUMP_INTR).
        if calls == 1 { _ = try? sh("ip link delete l99") }
        return message.attributes(after: LinkHeader.length)
          .first { $0.type == IFLA.name }?.string
      }
      #expect(calls > names.count)
      #expect(Set(names) == Set(["lo"] + (0..<99).map { "l\($0)" }))
      #expect(names.count == Set(names).count)
    }
  }

  @Test func aDumpThatIsAlwaysInterruptedIsAnError() throws {
    try inNamespace {
      try makeLinks()
      var calls = 0
      #expect {
        try Socket().dump("link show", RTM.getLink) {
          $0.linkHeader()
        } parse: { _ -> Int? in
          calls += 1
          if calls % 20 == 1 {
            _ = try? sh("ip link \(calls % 40 == 1 ? "add" : "delete") late type ifb")
          }
          return 1
        }
      } throws: {
        "\($0)".hasSuffix("(EINTR): changed ten times while it was read")
      }
    }
  }

  @Test func tablesAreReadAsOfOneGeneration() throws {
    try inNamespace {
      for line in [
        "add table inet t", "add chain inet t early", "add set inet t s { type ipv4_addr; }",
        "add rule inet t early ip saddr @s drop",
      ] { try sh("nft " + line) }
      let kernel = try NftablesKernel()
      var asked = 0
      let (tables, generation) = try kernel.observe(elements: { _, _ in
        asked += 1
        // By now the chains have been read, but not the rules.
        if asked == 1 {
          _ = try? sh("nft add chain inet t late")
          _ = try? sh("nft add rule inet t late ip saddr @s accept")
        }
        return true
      })
      #expect(asked == 2)
      #expect(tables.map(\.chains).first?.map(\.name) == ["early", "late"])
      #expect(tables.first?.chains.map(\.rules.count) == [1, 1])
      #expect(try generation == kernel.generation())
    }
  }

  @Test func tablesThatNeverStopChangingAreAnError() throws {
    try inNamespace {
      try sh("nft add table inet t")
      #expect {
        try NftablesKernel().observe(where: { _ in
          _ = try? sh("nft add chain inet t c { comment \"x\"; }")
          _ = try? sh("nft add table inet u")
          _ = try? sh("nft delete table inet u")
          return true
        })
      } throws: {
        "\($0)".hasSuffix("(EINTR): changed ten times while it was read")
      }
    }
  }

  // MARK: - Sending

  private func route(_ batch: Batch, _ tag: Int, hops: Int, weight: UInt16 = 1) {
    batch.step(tag) { "route add 10.\(tag).0.0/16" }
    batch.request(RTM.newRoute, [.create]) {
      $0.routeHeader(
        family: AF.inet, dstLength: 16, table: 254, protocol: 118, scope: 253, type: 1)
      $0.put(RTA.dst, UInt32(bigEndian: 0x0a00_0000 | UInt32(tag) << 16))
      $0.nest(RTA.multipath) {
        for _ in 0..<hops {
          $0.multipathHop(index: 1, weight: weight, flags: 0) { $0.put(RTA.gateway, UInt32(0)) }
        }
      }
    }
  }

  private func routes() throws -> [String] {
    try sh("ip route show").split(separator: "\n").filter { $0.hasPrefix("10.") }
      .map { String($0.prefix { $0 != " " }) }
  }

  /// 16 bytes for each hop: 4,096 hops and the header make 65,540 bytes, of which 16 bits keep 4.
  @Test func whatDoesntFitIsAnErrorOfItsStepAlone() throws {
    try inNamespace {
      try sh("ip link set lo up")
      let batch = Batch()
      route(batch, 1, hops: 2)
      route(batch, 2, hops: 4096)
      route(batch, 3, hops: 2, weight: 257)
      route(batch, 4, hops: 2, weight: 0)
      route(batch, 5, hops: 2)
      let failures = try Socket().send(batch)
      #expect(
        failures.map { "\($0.error)" } == [
          "route add 10.2.0.0/16: Message too long (EMSGSIZE): nexthops takes 65536 bytes, and a "
            + "netlink attribute holds 65531",
          "route add 10.3.0.0/16: Message too long (EMSGSIZE): a next hop's weight is 257, and the "
            + "kernel takes 1 to 256",
          "route add 10.4.0.0/16: Message too long (EMSGSIZE): a next hop's weight is 0, and the "
            + "kernel takes 1 to 256",
        ])
      #expect(try routes() == ["10.1.0.0/16", "10.5.0.0/16"])
    }
  }

  @Test func anErrorIsThatOfItsStep() throws {
    try inNamespace {
      let batch = Batch()
      for (tag, name) in ["b0", "lo", "b1"].enumerated() {
        batch.step(tag) { "link add \(name)" }
        batch.request(RTM.newLink, [.create, .exclusive]) {
          $0.linkHeader()
          $0.put(IFLA.name, name)
          $0.nest(IFLA.linkInfo) { $0.put(IFLAInfo.kind, "bridge") }
        }
      }
      let failures = try Socket().send(batch)
      #expect(failures.map(\.tag) == [1])
      #expect(failures.first.map { "\($0.error)" }?.hasPrefix("link add lo: File exists") == true)
      try sh("ip link show b1")
    }
  }

  /// If a step's second request can't be encoded, its first isn't sent either.
  @Test func aStepIsEncodedWholeOrNotAtAll() throws {
    try inNamespace {
      let batch = Batch(capacity: 16)
      batch.step(1) { "link add b0" }
      for name in ["b0", String(repeating: "x", count: 70_000)] {
        batch.request(RTM.newLink, [.create, .exclusive]) {
          $0.linkHeader()
          $0.put(IFLA.name, name)
          $0.nest(IFLA.linkInfo) { $0.put(IFLAInfo.kind, "bridge") }
        }
      }
      batch.step(2) { "link add b1" }
      batch.request(RTM.newLink, [.create, .exclusive]) {
        $0.linkHeader()
        $0.put(IFLA.name, "b1")
        $0.nest(IFLA.linkInfo) { $0.put(IFLAInfo.kind, "bridge") }
      }
      #expect(try Socket().send(batch).map(\.tag) == [1])
      #expect(throws: CommandFailed.self) { try sh("ip link show b0") }
      try sh("ip link show b1")
    }
  }

  @Test(arguments: [
    ("a\u{0}b", "alias: a zero byte within a text, which would end there"),
    (
      String(repeating: "x", count: 65_532),
      "alias takes 65533 bytes, and a netlink attribute holds 65531"
    ),
  ])
  func aTextThatWouldBeCutIsAnError(_ text: String, _ fault: String) throws {
    let batch = Batch()
    batch.step(7) { "link set lo" }
    batch.request(RTM.newLink, []) {
      $0.linkHeader(index: 1)
      $0.put(IFLA.alias, text)
    }
    #expect(batch.steps[0].fault == fault)
    #expect(batch.count == 0)
  }

  @Test func nothingOfATransactionIsSentWhenAPartOfItDoesntFit() throws {
    try inNamespace {
      let batch = Batch()
      batch.step(0) { "nft -f" }
      batch.beginTransaction()
      for name in ["small", String(repeating: "x", count: 70_000)] {
        batch.step(1) { "nft add table" }
        batch.netfilterRequest(NFTMessage.newTable, [.create], family: Nftables.Family.inet.number)
        {
          $0.put(NFTATable.name, name)
        }
      }
      batch.step(0) { "nft -f" }
      batch.endTransaction()
      let failures = try Socket(.netfilter).transact(batch)
      #expect(
        failures.map { "\($0.error)" } == [
          "nft add table: Message too long (EMSGSIZE): table takes 70001 bytes, and a netlink "
            + "attribute holds 65531"
        ])
      #expect(try sh("nft list tables") == "")
    }
  }

  // MARK: - What the kernel says

  private func refusal(_ type: UInt16, _ body: (Batch) -> Void) throws -> String? {
    let batch = Batch()
    batch.step(0) { "x" }
    batch.request(type, [.create], body)
    return try Socket().send(batch).first?.error.attribute
  }

  @Test func anErrorNamesTheAttributeAsAStateFileDoes() throws {
    try inNamespace {
      let metric = try refusal(RTM.newRoute) {
        $0.routeHeader(family: AF.inet, table: 254, type: 1)
        $0.put(RTA.priority, UInt8(1))
      }
      #expect(metric == "at metric")
      let id = try refusal(RTM.newLink) {
        $0.linkHeader()
        $0.put(IFLA.name, "vx")
        $0.nest(IFLA.linkInfo) {
          $0.put(IFLAInfo.kind, "vxlan")
          $0.nest(IFLAInfo.data) { $0.put(IFLAVXLAN.id, UInt32(1 << 24)) }
        }
      }
      #expect(id == "at id")
      let dev = try refusal(RTM.newNexthop) {
        $0.nexthopHeader(family: AF.inet, protocol: 118)
        $0.put(NHA.id, UInt32(1))
        $0.put(NHA.oif, UInt8(1))
      }
      #expect(dev == "at dev")
    }
  }

  @Test func whatIsMissingIsNamed() throws {
    let bytes: [UInt8] =
      [0xea, 0xff, 0xff, 0xff]  // -EINVAL
      + [28, 0, 0, 0, 24, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]  // the request's header
      + [8, 0, 5, 0, 5, 0, 0, 0]  // NLMSGERR_ATTR_MISS_TYPE: RTA_GATEWAY
    let request: [UInt8] =
      [28, 0, 0, 0, 24, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 12)
    let flags = UInt16(0x200 | 0x100)  // NLM_F_ACK_TLVS, NLM_F_CAPPED
    bytes.withUnsafeBytes { payload in
      let message = Message(type: 2, flags: flags, sequence: 1, port: 0, payload: payload)
      request.withUnsafeBytes { #expect(message.attribute(of: $0) == "without via") }
    }
  }
}
