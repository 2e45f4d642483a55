import Model
import Testing

@testable import VRRP

/// An advertisement as keepalived 2.2.7 sent it, seen by `tcpdump -xx`, and the router that would send the same.
struct Wire: CustomTestStringConvertible {
  var name: String
  var source: String
  var destination: String
  var priority: UInt8
  var bytes: [UInt8]
  var router: VirtualRouter

  var testDescription: String { name }

  var envelope: Envelope {
    Envelope(source: IPAddress(source)!, destination: IPAddress(destination)!)
  }

  init(
    _ name: String, _ id: UInt8, _ priority: UInt8, from source: String = "198.51.100.10",
    to destination: String = "224.0.0.18", _ hex: String,
    _ configure: (inout VirtualRouter) -> Void
  ) {
    self.name = name
    self.priority = priority
    self.source = source
    self.destination = destination
    bytes = Wire.bytes(hex)
    router = VirtualRouter(id: id)
    router.checksum = .pseudoHeader
    configure(&router)
    router.families = PerFamily(inet: !source.contains(":"), inet6: source.contains(":"))
  }

  static func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.utf8.filter { $0 > 0x20 }.map { UInt8(String(UnicodeScalar($0)), radix: 16)! }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  static let all = [
    // version 3; advert_int 0.25
    Wire("v3 inet", 51, 200, "3133 c802 0019 7715 c000 0264 c000 0265") {
      $0.interval = Interval(centiseconds: 25)!
      $0.addresses = ["192.0.2.100", "192.0.2.101"].map { IPAddress($0)! }
    },
    // the same, stopped
    Wire("v3 inet, leaving", 51, 0, "3133 0002 0019 3f16 c000 0264 c000 0265") {
      $0.interval = Interval(centiseconds: 25)!
      $0.addresses = ["192.0.2.100", "192.0.2.101"].map { IPAddress($0)! }
    },
    Wire(
      "v3 inet6", 52, 201, from: "fe80::10", to: "ff02::12",
      """
      3134 c902 0064 d8ec fe80 0000 0000 0000 0000 0000 0000 0100
      2001 0db8 0000 0000 0000 0000 0000 0100
      """
    ) {
      $0.addresses = ["fe80::100", "2001:db8::100"].map { IPAddress($0)! }
    },
    // version 3; unicast_peer { 198.51.100.11 }
    Wire("v3 unicast", 55, 100, to: "198.51.100.11", "3137 6401 0064 5301 c000 0268") {
      $0.addresses = [IPAddress("192.0.2.104")!]
      // We send to that peer; as a reader, we have the sender as a peer.
      $0.peers = [IPAddress("198.51.100.11")!, IPAddress("198.51.100.10")!]
    },
    // version 2; advert_int 2; authentication { auth_type PASS auth_pass secret }
    Wire("v2 password", 53, 100, "2135 6401 0102 7b14 c000 0266 7365 6372 6574 0000") {
      $0.version = .v2
      $0.interval = Interval(centiseconds: 200)!
      $0.authentication = .password(Array("secret".utf8))
      $0.addresses = [IPAddress("192.0.2.102")!]
    },
    Wire("v2", 54, 100, "2136 6401 0001 b85f c000 0267 0000 0000 0000 0000") {
      $0.version = .v2
      $0.addresses = [IPAddress("192.0.2.103")!]
    },
  ]
}

let noon = UTC(seconds: 1_800_000_000)

extension Codec {
  /// Written into a buffer of its own.
  mutating func bytes(
    _ priority: UInt8, _ envelope: Envelope, utc: UTC = noon
  ) -> [UInt8] {
    var buffer = [UInt8](repeating: 0xaa, count: Codec.capacity)
    var span = buffer.mutableSpan
    let count = write(
      priority: priority, from: envelope.source, to: envelope.destination, utc: utc, into: &span)
    return Array(buffer[..<count])
  }

  /// Why it is discarded; nil if it isn't.
  mutating func refusal(
    _ bytes: [UInt8], _ envelope: Envelope, own: String? = nil, utc: UTC = noon
  ) -> Discard.Reason? {
    do throws(Discard) {
      _ = try read(bytes.span, in: envelope, own: own.map { IPAddress($0)! }, utc: utc)
      return nil
    } catch {
      precondition(!error.description.isEmpty)
      return error.reason
    }
  }
}

/// Puts the right checksum into a message.
func sealed(_ bytes: [UInt8], _ envelope: Envelope? = nil) -> [UInt8] {
  var bytes = bytes
  (bytes[6], bytes[7]) = (0, 0)
  var sum = Sum()
  sum.add(bytes.span, 0..<bytes.count)
  if let envelope {
    sum.addPseudoHeader(
      from: envelope.source, to: envelope.destination, length: bytes.count)
  }
  (bytes[6], bytes[7]) = (UInt8(~sum.folded >> 8), UInt8(~sum.folded & 255))
  return bytes
}
