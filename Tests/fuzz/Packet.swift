import Model
import VRRP

/// The first byte selects the router that reads the rest, and how: as a message, or in an IPv4
/// packet. Half of the inputs get correct checksums, since chance finds none.
func anyPacketIsReadOrRefused(_ bytes: [UInt8]) {
  guard let first = bytes.first else { return }
  let router = routers[Int(first & 7)]
  var (message, envelope) = (Array(bytes[1...]), Envelope(source: peer4, destination: router4))
  if first & 8 != 0, router.families.inet {
    guard let (outer, range) = try? Envelope.ipv4(message.span) else { return }
    (message, envelope) = (Array(message[range]), outer)
  } else if router.families.inet6, first & 16 != 0 || !router.families.inet {
    envelope = Envelope(source: peer6, destination: router6)
  }
  if router.peers.isEmpty, first & 8 == 0 {
    envelope.destination = VirtualRouter.groups[envelope.family]
  }
  if first & 32 != 0 { seal(&message, envelope, router) }
  readOrRefuse(message, envelope, router)
}

private func readOrRefuse(_ message: [UInt8], _ envelope: Envelope, _ router: VirtualRouter) {
  var codec = Codec(router, hmac: sum)
  let own = envelope.family == .inet ? router4 : router6
  let now = UTC(seconds: 0x6800_0000)
  let advertisement: Advertisement
  do throws(Discard) {
    advertisement = try codec.read(message.span, in: envelope, own: own, utc: now)
  } catch {
    precondition(!error.description.isEmpty && !error.reason.name.isEmpty)
    return
  }
  // An accepted message is short, of our version and from the right place, and a sender writes the
  // same.
  precondition(message.count <= Codec.capacity && message[1] == router.id)
  precondition(envelope.hopLimit == 255 && envelope.source != own)
  precondition(router.peers.isEmpty || router.peers.contains(envelope.source))
  var buffer = [UInt8](repeating: 0, count: Codec.capacity)
  var span = buffer.mutableSpan
  let count = codec.write(
    priority: advertisement.priority, from: envelope.source, to: envelope.destination, utc: now,
    into: &span)
  var again = Codec(router, hmac: sum)
  guard
    let read = try? again.read(buffer.span.extracting(..<count), in: envelope, own: own, utc: now),
    read.priority == advertisement.priority, read.matches
  else { fatalError("what was written isn't read") }
  turn(router, advertisement, envelope.source)
}

/// An election continues, whatever it hears: after a silence there is a master.
private func turn(_ router: VirtualRouter, _ advertisement: Advertisement, _ source: IPAddress) {
  var machine = Machine(router)
  var now = Instant(nanoseconds: 0)
  _ = machine.step(.primary(source.family, source.family == .inet ? router4 : router6), at: now)
  _ = machine.step(.start, at: now)
  _ = machine.step(.received(advertisement, from: source), at: now)
  for _ in 0..<3 {
    if machine.state == .master { break }
    guard let deadline = machine.nextDeadline else { fatalError("waits for nothing") }
    now = max(now, deadline)
    _ = machine.step(.elapsed, at: now)
  }
  precondition(machine.state == .master && now.nanoseconds < 200_000_000_000)
  _ = machine.step(.received(advertisement, from: source), at: now)
  precondition(
    machine.state == (advertisement.priority > router.priority ? .backup : .master)
      || advertisement.priority == router.priority)
}

private let peer4 = IPAddress("10.0.0.2")!
private let peer6 = IPAddress("fe80::2")!
private let router4 = IPAddress("10.0.0.1")!
private let router6 = IPAddress("fe80::1")!

private let routers: [VirtualRouter] = (0..<8).map { number in
  var router = VirtualRouter(id: 51)
  router.addresses = [IPAddress("192.0.2.100")!]
  if number & 1 != 0 {
    router.version = .v2
  } else {
    router.families.inet6 = number & 2 != 0
    if router.families.inet6 { router.addresses.append(IPAddress("2001:db8::100")!) }
  }
  if number & 4 != 0 {
    router.peers = router.families.inet6 ? [peer4, peer6] : [peer4]
    var keyring = Keyring(
      keys: [Keyring.Key(id: 1, bytes: Array(repeating: 7, count: 32))], active: 1)
    keyring.mode = .permissive
    router.authentication = .hmac(keyring)
  } else if number == 3 {
    router.authentication = .password(Array("secret".utf8))
    router.strictAddresses = true
  }
  precondition(router.problems.isEmpty)
  return router
}

/// Instead of an HMAC: something that depends on each byte, and that a fuzzer can find.
private let sum: HMAC = { key, message in
  var code = InlineArray<32, UInt8>(repeating: 0)
  for i in message.indices { code[0] &+= message[i] }
  code[1] = UInt8(key.count)
  return code
}

private func seal(_ message: inout [UInt8], _ envelope: Envelope, _ router: VirtualRouter) {
  guard message.count >= 8 else { return }
  (message[6], message[7]) = (0, 0)
  let isIPv6 = envelope.family == .inet6
  let size = 8 + Int(message[3]) * 4 + (router.version == .v2 ? 8 : 0)
  var covered = isIPv6 ? message : Array(message.prefix(size))
  if isIPv6 {
    for address in [envelope.source, envelope.destination] {
      for half in [address.v6.high, address.v6.low] {
        // After an odd number of bytes, a byte would be in the wrong half of its word.
        if covered.count % 2 != 0 { covered.append(0) }
        covered += (0..<8).map { UInt8(half >> (56 - 8 * $0) & 255) }
      }
    }
    covered += [UInt8(message.count >> 8), UInt8(message.count & 255), 0, 112]
  }
  var sum: UInt32 = 0
  for (index, byte) in covered.enumerated() {
    sum += UInt32(byte) << (index % 2 == 0 ? 8 : 0)
    sum = sum & 0xffff + sum >> 16
  }
  (message[6], message[7]) = (UInt8(~sum >> 8 & 255), UInt8(~sum & 255))
}
