import Glibc
import Model
import Testing

@testable import VRRP

/// HMAC(3) of OpenSSL, which Debian's Python uses: nothing that we link has one.
private let hmac: HMAC = {
  typealias Digest = @convention(c) () -> OpaquePointer?
  typealias Function =
    @convention(c) (
      OpaquePointer?, UnsafeRawPointer?, Int32, UnsafePointer<UInt8>?, Int,
      UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<UInt32>
    ) -> UnsafeMutablePointer<UInt8>?
  let library = dlopen("libcrypto.so.3", RTLD_NOW)
  let sha256 = unsafeBitCast(dlsym(library, "EVP_sha256")!, to: Digest.self)
  let function = unsafeBitCast(dlsym(library, "HMAC")!, to: Function.self)
  return { key, message in
    var bytes = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 32
    key.withUnsafeBufferPointer { key in
      message.withUnsafeBufferPointer { message in
        _ = function(
          sha256(), key.baseAddress, Int32(key.count), message.baseAddress, message.count, &bytes,
          &length)
      }
    }
    var code = InlineArray<32, UInt8>(repeating: 0)
    for i in 0..<32 { code[i] = bytes[i] }
    return code
  }
}()

/// Against the wire images in the appendix of keepalived's draft, which its own test uses too
/// (`test/auth_hmac_test.c`): key 00 to 1f, id 51, priority 200, sequence 0x6800000080000000.
struct HMACTests {
  private static let made = UTC(seconds: 0x6800_0000, nanoseconds: 500_000_000)
  private static let keys = [Keyring.Key(id: 1, bytes: Array(0..<32))]

  private struct Image {
    var envelope: Envelope
    var router: VirtualRouter
    var bytes: [UInt8]
  }

  private static func router(_ mode: Keyring.Mode = .enforce, window: UInt32? = 5) -> VirtualRouter
  {
    var router = VirtualRouter(id: 51)
    var keyring = Keyring(keys: keys, active: 1)
    keyring.mode = mode
    keyring.window = window
    router.authentication = .hmac(keyring)
    router.families = PerFamily(both: true)
    router.addresses = [IPAddress("192.0.2.100")!, IPAddress("fe80::100")!]
    router.peers = ["198.51.100.10", "192.0.2.10", "fe80::10", "fe80::20"].map { IPAddress($0)! }
    return router
  }

  private static let images = [
    Image(
      envelope: Envelope(
        source: IPAddress("198.51.100.10")!, destination: IPAddress("192.0.2.10")!),
      router: router(),
      bytes: Wire.bytes(
        """
        3133c801 00644402 c0000264
        01010000 68000000 80000000 1b84bc4e 8e43892d c6d98448 f8ee2265
        """)),
    Image(
      envelope: Envelope(source: IPAddress("fe80::10")!, destination: IPAddress("fe80::20")!),
      router: router(),
      bytes: Wire.bytes(
        """
        3133c801 0064a2e9 fe800000 00000000 00000000 00000100
        01010000 68000000 80000000 c8c56146 ebfd66ee 10ec4d81 86461b78
        """)),
  ]

  @Test(arguments: 0..<2)
  func imageOfTheDraftIsWrittenAndRead(number: Int) {
    let image = Self.images[number]
    var router = image.router
    router.checksum = .message
    var codec = Codec(router, hmac: hmac)
    #expect(codec.bytes(200, image.envelope, utc: Self.made) == image.bytes)
    #expect(codec.refusal(image.bytes, image.envelope, utc: Self.made) == nil)
    #expect(codec.refusal(image.bytes, image.envelope, utc: Self.made) == .replay)
  }

  @Test(arguments: 0..<2)
  func changedImageIsRefused(number: Int) {
    let image = Self.images[number]
    let trailer = image.bytes.count - 28
    func reason(_ offset: Int, isResealed: Bool = true) -> Discard.Reason? {
      var bytes = image.bytes
      bytes[offset] ^= 1
      if isResealed, number == 1 { bytes = sealed(bytes, image.envelope) }
      if isResealed, number == 0 {
        bytes = sealed(Array(bytes[..<trailer])) + bytes[trailer...]
      }
      var codec = Codec(image.router, hmac: hmac)
      return codec.refusal(bytes, image.envelope, utc: Self.made)
    }
    #expect(reason(2) == .hmac)  // priority
    #expect(reason(5) == .hmac)  // interval
    #expect(reason(6) == nil)  // the checksum isn't covered: it was recomputed
    #expect(reason(7, isResealed: false) == .checksum)
    #expect(reason(trailer - 1) == .hmac)  // address
    #expect(reason(trailer) == .trailer)
    #expect(reason(trailer + 1) == .key)
    #expect(reason(trailer + 2) == .trailer)
    #expect(reason(trailer + 7) == .hmac)  // seconds
    #expect(reason(trailer + 4) == .stale)
    #expect(reason(trailer + 11) == .hmac)  // counter
    #expect(reason(trailer + 27) == .hmac)

    var router = image.router
    router.id = 52  // another id with the same key
    var bytes = image.bytes
    bytes[1] = 52
    bytes =
      number == 1
      ? sealed(bytes, image.envelope) : sealed(Array(bytes[..<trailer])) + bytes[trailer...]
    var other = Codec(router, hmac: hmac)
    #expect(other.refusal(bytes, image.envelope, utc: Self.made) == .hmac)
  }

  @Test func otherSourceWithTheSameBytesIsRefused() {
    let image = Self.images[0]
    var codec = Codec(image.router, hmac: hmac)
    var envelope = image.envelope
    envelope.source = IPAddress("192.0.2.10")!
    #expect(codec.refusal(image.bytes, envelope, utc: Self.made) == .hmac)
  }

  @Test func windowIsKept() {
    let image = Self.images[0]
    for (seconds, reason) in [(-6, Discard.Reason.stale), (-5, nil), (5, nil), (6, .stale)] {
      var codec = Codec(image.router, hmac: hmac)
      let now = UTC(seconds: Self.made.seconds + Int64(seconds))
      #expect(codec.refusal(image.bytes, image.envelope, utc: now) == reason)
    }
    var codec = Codec(Self.router(window: nil), hmac: hmac)
    let late = UTC(seconds: Self.made.seconds + 1_000_000)
    #expect(codec.refusal(image.bytes, image.envelope, utc: late) == nil)
    #expect(codec.refusal(image.bytes, image.envelope, utc: late) == .replay)
  }

  @Test func modesAreThoseOfARollout() {
    let envelope = Self.images[0].envelope
    var plain = Self.router()
    plain.authentication = .none
    var unsigned = Codec(plain)
    let without = unsigned.bytes(200, envelope)
    for (mode, sends, accepts) in [
      (Keyring.Mode.receiveOnly, false, true), (.permissive, true, true), (.enforce, true, false),
    ] {
      var codec = Codec(Self.router(mode), hmac: hmac)
      let signed = codec.bytes(200, envelope)
      #expect(signed.count == without.count + (sends ? 28 : 0))
      #expect(codec.refusal(without, envelope) == (accepts ? nil : .trailerMissing))
      if sends {
        #expect(unsigned.refusal(signed, envelope) == .trailerUnexpected)
        var receiver = Codec(Self.router(.receiveOnly), hmac: hmac)
        #expect(receiver.refusal(signed, envelope) == nil)
        var forged = signed
        forged[signed.count - 1] ^= 1
        #expect(receiver.refusal(forged, envelope) == .hmac)
      }
    }
  }

  @Test func sequenceGrowsWhateverTheClockDoes() {
    let envelope = Self.images[0].envelope
    for window in [nil, 5] as [UInt32?] {
      var sender = Codec(Self.router(window: window), hmac: hmac)
      var receiver = Codec(Self.router(window: window), hmac: hmac)
      // The same instant, slightly back, forward again.
      for seconds in [0, 0, 0, -1, -2, 0, 1, 1] as [Int64] {
        let now = UTC(seconds: noon.seconds + seconds)
        let bytes = sender.bytes(200, envelope, utc: now)
        #expect(receiver.refusal(bytes, envelope, utc: now) == nil)
      }
      // Both clocks go back an hour: with a window the sender starts again, and the old sequence no
      // longer counts.
      let back = UTC(seconds: noon.seconds - 3600)
      let bytes = sender.bytes(200, envelope, utc: back)
      #expect(receiver.refusal(bytes, envelope, utc: back) == nil)
    }
  }

  /// Multicast: each sender has a sequence of its own, found by its address.
  @Test func sendersDoNotDisturbEachOther() {
    var router = Self.router()
    router.peers = []
    var receiver = Codec(router, hmac: hmac)
    let group = VirtualRouter.groups.inet
    var senders = (1...6).map { number in
      (
        Codec(router, hmac: hmac),
        Envelope(source: IPAddress(v4: UInt32(number)), destination: group)
      )
    }
    for _ in 0..<3 {
      for index in senders.indices {
        let bytes = senders[index].0.bytes(200, senders[index].1)
        #expect(receiver.refusal(bytes, senders[index].1) == nil)
        #expect(receiver.refusal(bytes, senders[index].1) == .replay)
      }
    }
  }
}
