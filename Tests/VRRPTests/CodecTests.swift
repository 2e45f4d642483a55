import Glibc
import Model
import TestSupport
import Testing

@testable import VRRP

struct CodecTests {
  @Test(arguments: Wire.all)
  func advertisementIsWrittenAsKeepalivedWritesIt(wire: Wire) {
    var codec = Codec(wire.router)
    #expect(codec.bytes(wire.priority, wire.envelope) == wire.bytes)
  }

  @Test(arguments: Wire.all)
  func advertisementOfKeepalivedIsRead(wire: Wire) throws {
    var codec = Codec(wire.router)
    let read = try codec.read(wire.bytes.span, in: wire.envelope, own: nil, utc: noon)
    #expect(read == Advertisement(priority: wire.priority, interval: wire.router.interval))
  }

  /// Whatever is written is read back the same, with each of the checksums.
  @Test(arguments: Version.allCases, Family.allCases)
  func writtenAdvertisementIsReadAsItWas(version: Version, family: Family) throws {
    guard version == .v3 || family == .inet else { return }
    var random = SplitMix64(UInt64(version.rawValue))
    for round in 0..<300 {
      var router = VirtualRouter(id: .random(in: 1...255, using: &random))
      router.version = version
      router.families = PerFamily(inet: family == .inet, inet6: family == .inet6)
      let interval =
        version == .v2
        ? .random(in: 1...40, using: &random) * 100 : UInt16.random(in: 1...4095, using: &random)
      router.interval = Interval(centiseconds: interval)!
      let count = round == 0 ? 255 : round == 1 ? 0 : Int.random(in: 1...20, using: &random)
      router.addresses = (0..<count).map { i in
        family == .inet
          ? IPAddress(v4: .random(in: 0 ... .max, using: &random) << 8 | UInt32(i))
          : IPAddress(v6High: .random(in: 0 ... .max, using: &random), low: UInt64(i))
      }
      #expect(router.problems == [])
      let source = family == .inet ? IPAddress("10.0.0.1")! : IPAddress("fe80::1")!
      let envelope = Envelope(source: source, destination: VirtualRouter.groups[family])
      router.checksum = Checksum.allCases[round % 3]
      let priority = UInt8.random(in: 0...255, using: &random)
      var writer = Codec(router)
      let bytes = writer.bytes(priority, envelope)
      router.checksum = nil
      router.addresses.shuffle(using: &random)  // the order means nothing
      router.strictAddresses = true
      var reader = Codec(router)
      let read = try reader.read(bytes.span, in: envelope, own: nil, utc: noon)
      #expect(read == Advertisement(priority: priority, interval: router.interval))
      if version == .v3 && family == .inet {
        // When sent to the group, two of the three are alike.
        let learnt = reader.checksum == writer.checksum
        #expect(learnt || writer.checksum == .groupPseudoHeader)
      }
      // One wrong bit is noticed, wherever it is.
      var torn = bytes
      let bit = Int.random(in: 0..<bytes.count * 8, using: &random)
      torn[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(reader.refusal(torn, envelope) != nil)
    }
  }

  @Test func peerIsAnsweredInItsOwnChecksum() {
    var router = VirtualRouter(id: 7)
    router.addresses = [IPAddress("192.0.2.1")!]
    router.peers = [IPAddress("10.0.0.1")!, IPAddress("10.0.0.2")!]
    let there = Envelope(source: router.peers[1], destination: router.peers[0])
    var learner = Codec(router)
    #expect(learner.checksum == .pseudoHeader)
    for checksum in [Checksum.message, .groupPseudoHeader, .pseudoHeader] {
      router.checksum = checksum
      var peer = Codec(router)
      #expect(learner.refusal(peer.bytes(100, there), there) == nil)
      #expect(learner.checksum == checksum)
      for other in Checksum.allCases {
        router.checksum = other
        var strict = Codec(router)
        let bytes = peer.bytes(100, there)
        #expect(strict.refusal(bytes, there) == (other == checksum ? nil : .checksum))
      }
    }
    // A discarded message teaches nothing.
    router.checksum = .message
    router.id = 8
    var foreign = Codec(router)
    #expect(learner.refusal(foreign.bytes(100, there), there) == .foreign)
    #expect(learner.checksum == .pseudoHeader)
  }

  /// tcpdump knows the checksums of RFC 3768 and 5798, and says if one is wrong.
  @Test func tcpdumpReadsWhatIsWritten() throws {
    var packets: [UInt8] = []
    func little(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
    var expected: [String] = []
    for wire in Wire.all {
      var codec = Codec(wire.router)
      let message = codec.bytes(wire.priority, wire.envelope)
      let header: [UInt8]
      if wire.envelope.family == .inet {
        header = sealedHeader(wire.envelope, message.count)
      } else {
        header =
          [0x60, 0, 0, 0, 0, UInt8(message.count), 112, 255] + octets(wire.envelope.source)
          + octets(wire.envelope.destination)
      }
      let packet = header + message
      packets += little(0) + little(0) + little(packet.count) + little(packet.count) + packet
      expected.append("vrid \(wire.router.id), prio \(wire.priority), ")
    }
    // https://www.tcpdump.org/manpages/pcap-savefile.5.txt; link type 101: raw IP
    let file =
      [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0] + little(0) + little(0) + little(65535) + little(101)
    let text = try TemporaryDirectory.with { directory in
      let path = "\(directory)/packets"
      let stream = fopen(path, "w")!
      fwrite(file + packets, 1, file.count + packets.count, stream)
      fclose(stream)
      return try sh("tcpdump -vvnr \(path)")
    }
    for line in expected { #expect(text.contains(line), "\(text)") }
    #expect(text.contains("intvl 25cs") && text.contains("auth \"secret\""))
    #expect(text.contains("addrs(2): fe80::100,2001:db8::100"))
    #expect(!text.contains("bad"), "\(text)")
  }

  @Test func configurationsThatCannotWorkAreNamed() {
    func problems(_ change: (inout VirtualRouter) -> Void) -> [String] {
      var router = VirtualRouter(id: 1)
      router.addresses = [IPAddress("192.0.2.1")!]
      change(&router)
      return router.problems
    }
    #expect(problems { _ in } == [])
    #expect(problems { $0.id = 0 }.count == 1)
    #expect(problems { $0.priority = 0 }.count == 1)
    #expect(problems { $0.families.inet = false }.count == 2)
    #expect(problems { $0.families.inet6 = true } == [])
    #expect(
      problems {
        $0.version = .v2
        $0.families.inet6 = true
        $0.interval = Interval(centiseconds: 50)!
      }.count == 2)
    #expect(problems { $0.addresses += $0.addresses }.count == 1)
    #expect(problems { $0.addresses.append(IPAddress("2001:db8::1")!) }.count == 1)
    #expect(problems { $0.peers = [IPAddress("2001:db8::1")!] }.count == 1)
    #expect(problems { $0.addresses = (0..<256).map { IPAddress(v4: $0) } }.count == 1)
    #expect(problems { $0.preemptDelay = .seconds(-1) }.count == 1)
    #expect(problems { $0.authentication = .password(Array("secret".utf8)) }.count == 1)
    #expect(
      problems {
        $0.version = .v2
        $0.authentication = .password(Array("too secret".utf8))
      }.count == 1)
    #expect(problems { $0.authentication = .hmac(Keyring(keys: [], active: 1)) }.count == 1)
    #expect(Interval(centiseconds: 0) == nil && Interval(centiseconds: 4096) == nil)
    #expect(Interval(centiseconds: 4095)?.description == "40950ms")
  }
}

private func octets(_ address: IPAddress) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: address.family == .inet ? 4 : 16)
  var span = bytes.mutableSpan
  span.put(address, at: 0)
  return bytes
}

/// An IPv4 header with its checksum.
func sealedHeader(_ envelope: Envelope, _ payload: Int) -> [UInt8] {
  let length = 20 + payload
  var header: [UInt8] =
    [0x45, 0xc0, UInt8(length >> 8), UInt8(length & 255), 0, 0, 0, 0, envelope.hopLimit, 112, 0, 0]
  header += octets(envelope.source) + octets(envelope.destination)
  var sum = Sum()
  sum.add(header.span, 0..<20)
  (header[10], header[11]) = (UInt8(~sum.folded >> 8), UInt8(~sum.folded & 255))
  return header
}
