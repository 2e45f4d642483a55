import Model
import Netlink

/// Turns changes into requests.
struct Encoder {
  let batch: Batch
  let links: LinkTable
  var made: Set<LinkName>

  mutating func encode(_ change: Change) throws(NetlinkError) {
    switch (change.object, change.observed) {
    case (.sysctl, _), (.table, _), (.ipvs, _), (.ipvsTimeout, _), (.ipvsDaemon, _):
      preconditionFailure("none of them goes over this socket")
    case (.link(let link), let observed):
      var present: Link?
      if case .link(let link)? = observed { present = link }
      try encodeLink(change.verb, link, present)
    case (.address(let address), .address(let present)?):
      try AddressKind.encode(change.verb, address, present, self)
    case (.address(let address), _):
      try AddressKind.encode(change.verb, address, nil, self)
    case (.neighbor(var neighbor), let present):
      // What somebody else made stays theirs when we change it.
      if case .neighbor(let found)? = present, neighbor.protocol == nil {
        neighbor.protocol = found.protocol
      }
      try NeighborKind.encode(change.verb, neighbor, self)
    case (.fdb(let entry), .fdb(let present)?):
      try FDBKind.encode(change.verb, entry, present, self)
    case (.fdb(let entry), _):
      try FDBKind.encode(change.verb, entry, nil, self)
    case (.nexthop(var nexthop), let present):
      if case .nexthop(let found)? = present, nexthop.protocol == nil {
        nexthop.protocol = found.protocol
      }
      try NexthopKind.encode(change.verb, nexthop, self)
    case (.route(let route), .route(let present)?):
      try RouteKind.encode(change, route, present, self)
    case (.route(let route), _):
      try RouteKind.encode(change, route, nil, self)
    case (.rule(let rule), _):
      RuleKind.encode(change, rule, self)
    }
  }

  private mutating func encodeLink(
    _ verb: Change.Verb, _ link: Link, _ observed: Link?
  ) throws(NetlinkError) {
    switch verb {
    case .delete:
      LinkKind.delete(link, batch)
    case .replace:
      LinkKind.delete(observed ?? link, batch)
      try LinkKind.create(link, self)
    case .update:
      try LinkKind.update(link, from: observed, self)
    case .create:
      // The other end of a pair that was made a moment ago is there already.
      if link.veth != nil, made.contains(link.name) {
        try LinkKind.finish(link, self)
      } else {
        try LinkKind.create(link, self)
      }
    }
    if verb != .delete, let peer = link.veth?.peer { made.insert(peer) }
  }

  /// A link's index; an error where there is no such link.
  func index(_ name: LinkName) throws(NetlinkError) -> UInt32 {
    guard let index = links.index(name) else {
      throw NetlinkError("link show \(name)", code: ErrorCode.noDevice)
    }
    return index
  }
}

extension Batch {
  /// An address as the kernel keeps it, in network byte order.
  func put(_ type: UInt16, _ address: IPAddress) {
    switch address.family {
    case .inet: put(type, address.v4.bigEndian)
    case .inet6:
      let (high, low) = address.v6
      withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { put(type, bytes: $0) }
    }
  }

  /// In hundredths of a second, the kernel's `clock_t`.
  func put(_ type: UInt16, clockTicks duration: Duration) {
    guard let ticks = duration.clockTicks else {
      return failToFit(duration, "hundredths of a second")
    }
    put(type, ticks)
  }

  func put(_ type: UInt16, seconds duration: Duration) { put(type, seconds(duration)) }

  /// A count of seconds in 32 bits; 0, and a fault of the step, where the duration is no such.
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
  /// By its length: 4 bytes or 16.
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
  /// As a property: nil where it is ours.
  static func observed(_ number: UInt8) -> RouteProtocol? {
    number == vpngw.number ? nil : RouteProtocol(number)
  }
}

extension Duration {
  /// Hundredths of a second, the kernel's `clock_t`; nil where it isn't a whole number of them.
  fileprivate var clockTicks: UInt32? {
    wholeNanoseconds % 10_000_000 == 0 ? UInt32(exactly: wholeNanoseconds / 10_000_000) : nil
  }

  fileprivate var wholeSeconds: UInt32? {
    components.attoseconds == 0 ? UInt32(exactly: components.seconds) : nil
  }

  static func clockTicks(_ count: UInt32) -> Duration { .milliseconds(Int64(count) * 10) }
}
