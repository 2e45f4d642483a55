import Model
import TestSupport
import Testing

@testable import VRRP

struct DiscardTests {
  /// A way to spoil an advertisement that would otherwise be accepted.
  struct Case: Sendable, CustomTestStringConvertible {
    var reason: Discard.Reason
    var name: String
    var wire = 0
    var isResealed = true
    var own: String?
    var configure: @Sendable (inout VirtualRouter) -> Void = { _ in }
    var spoil: @Sendable (inout [UInt8], inout Envelope) -> Void

    var testDescription: String { "\(reason.name): \(name)" }
  }

  static let cases = [
    Case(reason: .length, name: "nothing", isResealed: false) { bytes, _ in bytes = [] },
    Case(reason: .length, name: "less than a header", isResealed: false) { bytes, _ in
      bytes.removeLast(9)
    },
    Case(reason: .foreign, name: "another id") { bytes, _ in bytes[1] = 52 },
    Case(reason: .foreign, name: "another id, whatever else is wrong", isResealed: false) {
      $0 = [0x47, 52, 0, 0, 0, 0, 0, 0, 0]
      $1.hopLimit = 1
    },
    Case(reason: .hopLimit, name: "a router passed it on") { _, envelope in envelope.hopLimit = 254
    },
    Case(
      reason: .family, name: "a family without us",
      configure: {
        $0.families = PerFamily(inet: false, inet6: true)
        $0.addresses = []
      },
      spoil: { _, _ in }),
    Case(reason: .destination, name: "unicast without peers") { _, envelope in
      envelope.destination = IPAddress("198.51.100.11")!
    },
    Case(
      reason: .destination, name: "multicast with peers",
      configure: { $0.peers = [IPAddress("198.51.100.10")!] },
      spoil: { _, _ in }),
    Case(reason: .source, name: "no peer of ours", wire: 3) { _, envelope in
      envelope.source = IPAddress("198.51.100.12")!
    },
    Case(reason: .own, name: "our own address", own: "198.51.100.10") { _, _ in },
    Case(reason: .version, name: "version 2 at 3") { bytes, _ in bytes[0] = 0x21 },
    Case(reason: .version, name: "version 3 at 2", wire: 5) { bytes, _ in bytes[0] = 0x31 },
    Case(reason: .version, name: "version 4") { bytes, _ in bytes[0] = 0x41 },
    Case(reason: .type, name: "type 2") { bytes, _ in bytes[0] = 0x32 },
    Case(reason: .addressCount, name: "none") { bytes, _ in
      bytes[3] = 0
      bytes.removeLast(8)
    },
    Case(reason: .size, name: "fewer addresses than its count", isResealed: false) { bytes, _ in
      bytes.removeLast(4)
    },
    Case(reason: .size, name: "a byte behind") { bytes, _ in bytes.append(0) },
    Case(reason: .size, name: "255 addresses in 16 bytes") { bytes, _ in bytes[3] = 255 },
    Case(reason: .size, name: "version 2 without authentication data", wire: 5) { bytes, _ in
      bytes.removeLast(8)
    },
    Case(reason: .checksum, name: "a bit fell over", isResealed: false) { bytes, _ in
      bytes[2] ^= 4
    },
    Case(reason: .checksum, name: "version 2", wire: 5, isResealed: false) { bytes, _ in
      bytes[7] ^= 4
    },
    Case(reason: .checksum, name: "IPv6 from another source", wire: 2, isResealed: false) {
      _, envelope in
      envelope.source = IPAddress("fe80::11")!
    },
    Case(reason: .trailerUnexpected, name: "an HMAC without keys", isResealed: false) { bytes, _ in
      bytes += Array(repeating: 1, count: 28)
    },
    Case(
      reason: .authenticationType, name: "a password without ours", wire: 4,
      configure: { $0.authentication = .none },
      spoil: { _, _ in }),
    Case(reason: .authenticationType, name: "no password", wire: 4) { bytes, _ in bytes[4] = 0 },
    Case(reason: .authenticationType, name: "an authentication header", wire: 5) { bytes, _ in
      bytes[4] = 2
    },
    Case(reason: .password, name: "another", wire: 4) { bytes, _ in bytes[12] ^= 1 },
    Case(reason: .password, name: "a longer one", wire: 4) { bytes, _ in bytes[18] = 33 },
    Case(reason: .interval, name: "version 2's must be alike", wire: 5) { bytes, _ in
      bytes[5] = 3
    },
    Case(reason: .interval, name: "0") { bytes, _ in (bytes[4], bytes[5]) = (0xf0, 0) },
    Case(
      reason: .addresses, name: "another address, strictly",
      configure: { $0.strictAddresses = true },
      spoil: { bytes, _ in bytes[15] = 1 }),
    Case(
      reason: .addresses, name: "one of them twice", configure: { $0.strictAddresses = true },
      spoil: { bytes, _ in bytes[15] = bytes[11] }),
  ]

  @Test(arguments: cases)
  func spoiltAdvertisementIsRefusedForItsReason(spoilt: Case) {
    let wire = Wire.all[spoilt.wire]
    var router = wire.router
    router.checksum = nil
    spoilt.configure(&router)
    var codec = Codec(router)
    var (bytes, envelope) = (wire.bytes, wire.envelope)
    spoilt.spoil(&bytes, &envelope)
    if spoilt.isResealed {
      bytes = sealed(bytes, envelope.family == .inet6 ? envelope : nil)
    }
    #expect(codec.refusal(bytes, envelope, own: spoilt.own) == spoilt.reason)
  }

  /// HMACTests and the header's cases show the remaining reasons.
  @Test func eachReasonIsShown() {
    let shown = Set(Self.cases.map(\.reason))
    let elsewhere: Set<Discard.Reason> = [
      .header, .trailerMissing, .trailer, .key, .stale, .hmac, .replay,
    ]
    #expect(shown.union(elsewhere) == Set(Discard.Reason.allCases))
    #expect(Set(Discard.Reason.allCases.map(\.name)).count == Discard.Reason.allCases.count)
  }

  @Test func leniencyIsAsConfigured() throws {
    var wire = Wire.all[0]
    wire.router.checksum = nil
    var codec = Codec(wire.router)
    // Another address: accepted, and reported.
    var bytes = wire.bytes
    bytes[15] = 1
    var read = try codec.read(sealed(bytes).span, in: wire.envelope, own: nil, utc: noon)
    #expect(!read.matches)
    // Without addresses of our own any list will do, even an empty one, which keepalived sends.
    wire.router.addresses = []
    codec = Codec(wire.router)
    read = try codec.read(sealed(bytes).span, in: wire.envelope, own: nil, utc: noon)
    #expect(read.matches)
    bytes[3] = 0
    bytes.removeLast(8)
    read = try codec.read(sealed(bytes).span, in: wire.envelope, own: nil, utc: noon)
    #expect(read.matches)
    // Reserved bits above the interval are ignored.
    bytes[4] = 0xf0
    read = try codec.read(sealed(bytes).span, in: wire.envelope, own: nil, utc: noon)
    #expect(read.interval.centiseconds == 25)
    wire.router.hopLimit = 250
    wire.router.addresses = Wire.all[0].router.addresses
    codec = Codec(wire.router)
    var envelope = wire.envelope
    envelope.hopLimit = 250
    #expect(codec.refusal(wire.bytes, envelope) == nil)
  }

  @Test func headerIsReadOrRefused() throws {
    let wire = Wire.all[0]
    let packet = sealedHeader(wire.envelope, wire.bytes.count) + wire.bytes
    let (envelope, message) = try Envelope.ipv4(packet.span)
    #expect(envelope == wire.envelope && message == 20..<packet.count)
    // An Ethernet frame's padding isn't part of it; options are skipped.
    #expect(try Envelope.ipv4((packet + [0, 0, 0, 0]).span).message == message)
    var options = packet
    options[0] = 0x46
    #expect(try Envelope.ipv4(options.span).message == 24..<packet.count)
    func reason(_ change: (inout [UInt8]) -> Void) -> Discard.Reason? {
      var packet = packet
      change(&packet)
      do throws(Discard) {
        _ = try Envelope.ipv4(packet.span)
        return nil
      } catch { return error.reason }
    }
    #expect(reason { $0 = [] } == .length)
    #expect(reason { $0.removeLast() } == .length)
    #expect(reason { $0 = Array($0[..<19]) } == .length)
    #expect(reason { $0[0] = 0x65 } == .header)
    #expect(reason { $0[0] = 0x44 } == .header)
    #expect(reason { $0[0] = 0x4f } == .length)
    #expect(reason { ($0[2], $0[3]) = (0, 19) } == .length)
    #expect(reason { $0[6] = 0x20 } == .header)
    #expect(reason { $0[6] = 0x40 } == nil)
  }

  @Test func refusalsAreLoggedOnceAMinuteAndForeignOnesNever() {
    var counts = DiscardCounts()
    func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
    let logged = (0..<180).filter { counts.record(.checksum, at: at(Int64($0))) }
    #expect(logged == [0, 60, 120])
    let another = counts.record(.version, at: at(1))
    #expect(another)
    let foreign = (0..<180).filter { counts.record(.foreign, at: at(Int64($0))) }
    #expect(foreign == [])
    #expect(counts[.checksum] == 180 && counts[.foreign] == 180 && counts[.version] == 1)
    for reason in Discard.Reason.allCases { _ = counts.record(reason, at: at(200)) }
  }
}
