import Model
import Netlink

/// How addresses are read, created and deleted.
enum AddressKind: KernelKind {
  static func observe(
    _ observation: Kernel.Observation, into observed: inout NetworkState
  ) throws(NetlinkError) {
    let links = observation.links
    observed.addresses = try observation.socket.dump("address show", RTM.getAddress) {
      $0.addressHeader(family: AF.unspecified)
    } parse: {
      parse($0, links)
    }
  }

  private static func parse(_ message: Message, _ links: LinkTable) -> Address? {
    guard let header = message.address, let family = Family(number: header.family),
      let link = links.name(header.index)
    else { return nil }
    var local: IPAddress?
    var other: IPAddress?
    var flags = UInt32(header.flags)
    var address = Address(.all(family), link: link)
    var origin = AddressProtocol.unspecified
    for attribute in message.attributes(after: AddressHeader.length) {
      switch attribute.type {
      case IFA.local: local = attribute.ipAddress
      case IFA.address: other = attribute.ipAddress
      case IFA.broadcast: address.broadcast = attribute.ipAddress
      case IFA.flags: flags = attribute.uint32 ?? flags
      case IFA.metric: address.metric = attribute.uint32
      case IFA.protocol: origin = AddressProtocol(attribute.uint8 ?? 0)
      case IFA.cacheInfo:
        guard attribute.payload.count >= 8, let preferred = attribute.uint32 else { continue }
        let valid = attribute.payload.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        address.preferredLifetime = preferred == .max ? nil : .seconds(preferred)
        address.validLifetime = valid == .max ? nil : .seconds(valid)
      default: continue
      }
    }
    // linux/if_addr.h: IFA_ADDRESS is the peer's address if it differs from IFA_LOCAL.
    guard let own = local ?? other else { return nil }
    if let other, other != own {
      address.address = Prefix(own)
      address.peer = Prefix(other, length: header.prefixLength)
    } else {
      guard let prefix = Prefix(own, length: header.prefixLength) else { return nil }
      address.address = prefix
    }
    address.scope = Scope(rawValue: header.scope) ?? .global
    address.hasNoPrefixRoute = flags & IFAF.noPrefixRoute != 0
    address.skipsDuplicateDetection = flags & IFAF.noDAD != 0
    address.protocol = origin == .vpngw ? nil : origin
    // An optimistic address may be used before detection is over (RFC 4429).
    if flags & IFAF.duplicate != 0 {
      address.detection = .failed
    } else if flags & IFAF.tentative != 0, flags & IFAF.optimistic == 0 {
      address.detection = .running
    }
    return address
  }

  static func command(_ address: Address, _ word: String, _ change: Change) -> String {
    "address \(word) \(address.id)"
  }

  static func encode(
    _ change: Change, _ address: Address, from observed: Address?, _ encoder: Encoder
  ) throws(NetlinkError) {
    let verb = change.verb
    if verb == .delete || verb == .replace, let observed, observed.address.family == .inet,
      let held = SecondaryGuard(observed.link)
    {
      encoder.secondaryGuards.append(held)
    }
    let index = try encoder.index(address.link)
    if verb == .delete || verb == .replace {
      delete(observed ?? address, index, encoder.batch)
    }
    if verb == .delete { return }
    // ip address add ADDRESS peer PEER broadcast ADDRESS scope SCOPE dev LINK
    //   valid_lft N preferred_lft N noprefixroute nodad metric N proto N
    let flags: RequestFlags = verb == .update ? [.create, .replace] : [.create, .exclusive]
    encoder.batch.request(RTM.newAddress, flags) {
      putIdentity($0, address, index, scope: address.scope)
      if let broadcast = address.broadcast { $0.put(IFA.broadcast, broadcast) }
      if let metric = address.metric { $0.put(IFA.metric, metric) }
      let options =
        (address.hasNoPrefixRoute ? IFAF.noPrefixRoute : 0)
        | (address.skipsDuplicateDetection ? IFAF.noDAD : 0)
      $0.put(IFA.flags, options)
      // An address that somebody else made stays theirs when we change it.
      let origin = address.protocol ?? (verb == .update ? observed?.protocol : nil) ?? .vpngw
      $0.put(IFA.protocol, origin.number)
      let lifetimes = address.lifetimes
      let preferred = lifetimes.preferred.map($0.seconds) ?? .max
      let valid = lifetimes.valid.map($0.seconds) ?? .max
      withUnsafeBytes(of: (preferred, valid, UInt32(0), UInt32(0))) { [batch = $0] in
        batch.put(IFA.cacheInfo, bytes: $0)
      }
    }
  }

  /// `ip address delete ADDRESS peer PEER dev LINK`
  private static func delete(_ address: Address, _ index: UInt32, _ batch: Batch) {
    batch.request(RTM.delAddress, []) { putIdentity($0, address, index, scope: .global) }
  }

  private static func putIdentity(
    _ batch: Batch, _ address: Address, _ index: UInt32, scope: Scope
  ) {
    let family = address.address.family
    batch.addressHeader(
      family: family.number, prefixLength: (address.peer ?? address.address).length,
      scope: family == .inet ? scope.rawValue : 0, index: index)
    batch.put(IFA.local, address.address.address)
    batch.put(IFA.address, (address.peer ?? address.address).address)
  }
}
