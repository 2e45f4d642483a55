import Model
import Netlink

/// Turns changes into requests.
final class Encoder {
  /// The requests of rtnetlink.
  let batch = Batch()
  /// The requests of generic netlink.
  let generic: Batch
  let links: LinkTable
  /// Ends of veth pairs that were created with their peers.
  var made: Set<LinkName> = []
  /// Bonds whose primary didn't exist yet when they were made, each with the primary.
  var lackingPrimary: [LinkName: LinkName] = [:]
  /// Requests that name links by the index that they get when the batch is carried out, each with its
  /// step's tag.
  private(set) var afterwards: [(tag: Int, encode: (Encoder) throws(NetlinkError) -> Void)] = []
  /// The tag of the step that is being encoded.
  var tag = 0
  /// Nil: only requests are possible.
  let kernel: Kernel?
  /// The message type of IPVS; nil if the kernel has none.
  let ipvs: UInt16?
  var secondaryGuards: [SecondaryGuard] = []
  var reordering: ReorderGuard?

  init(_ kernel: Kernel?, _ links: LinkTable, ipvs: UInt16?, generic: Batch = Batch()) {
    self.kernel = kernel
    self.links = links
    self.ipvs = ipvs
    self.generic = generic
  }

  /// Encodes these requests when the links of this batch exist.
  func later(_ encode: @escaping (Encoder) throws(NetlinkError) -> Void) {
    afterwards.append((tag, encode))
  }

  /// A link's index; throws if there is no such link.
  func index(_ name: LinkName) throws(NetlinkError) -> UInt32 {
    guard let index = links.index(name) else {
      throw NetlinkError("link show \(name)", code: ErrorCode.noDevice)
    }
    return index
  }
}

extension Batch {
  /// An address in network byte order.
  func put(_ type: UInt16, _ address: IPAddress) {
    switch address.family {
    case .inet: put(type, address.v4.bigEndian)
    case .inet6:
      let (high, low) = address.v6
      withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { put(type, bytes: $0) }
    }
  }

  /// A duration in hundredths of a second, the kernel's `clock_t`.
  func put(_ type: UInt16, clockTicks duration: Duration) {
    guard let ticks = duration.clockTicks else {
      return failToFit(duration, "hundredths of a second")
    }
    put(type, ticks)
  }

  func put(_ type: UInt16, seconds duration: Duration) { put(type, seconds(duration)) }

  /// A duration as a 32-bit count of seconds; 0, and a fault of the step, if it isn't one.
  func seconds(_ duration: Duration) -> UInt32 {
    if let seconds = duration.wholeSeconds { return seconds }
    failToFit(duration, "seconds")
    return 0
  }

  private func failToFit(_ duration: Duration, _ unit: String) {
    fail("\(duration.text): the kernel takes whole \(unit), up to \(UInt32.max) of them")
  }

  func put(_ type: UInt16, _ mac: MACAddress) { put(type, bytes: mac.bytes) }
}

extension Attribute {
  /// The address, whose length tells the family: 4 bytes or 16.
  var ipAddress: IPAddress? {
    switch payload.count {
    case 4: IPAddress(v4: UInt32(bigEndian: uint32!))
    case 16:
      IPAddress(
        v6High: UInt64(bigEndian: payload.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: payload.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    default: nil
    }
  }

  var macAddress: MACAddress? { MACAddress(bytes: payload) }
}

extension Family {
  var number: UInt8 { self == .inet ? AF.inet : AF.inet6 }

  init?(number: UInt8) {
    switch number {
    case AF.inet: self = .inet
    case AF.inet6: self = .inet6
    default: return nil
    }
  }
}

extension RouteProtocol {
  /// The protocol as a property: nil if it is ours.
  static func observed(_ number: UInt8) -> RouteProtocol? {
    number == vpngw.number ? nil : RouteProtocol(number)
  }
}

extension Duration {
  /// In hundredths of a second, the kernel's `clock_t`; nil if it isn't a whole number of them.
  fileprivate var clockTicks: UInt32? {
    wholeNanoseconds % 10_000_000 == 0 ? UInt32(exactly: wholeNanoseconds / 10_000_000) : nil
  }

  fileprivate var wholeSeconds: UInt32? {
    components.attoseconds == 0 ? UInt32(exactly: components.seconds) : nil
  }

  static func clockTicks(_ count: UInt32) -> Duration { .milliseconds(Int64(count) * 10) }
}
