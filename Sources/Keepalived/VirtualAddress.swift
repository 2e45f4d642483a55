internal import JSON
internal import Model

/// An entry of `virtual_ipaddress`, `virtual_ipaddress_excluded` or `static_ipaddress`.
struct VirtualAddress {
  let location: Location
  var prefix: Prefix
  var peer: Prefix?
  var broadcast: IPAddress?
  /// Nil: the instance's own.
  var link: LinkName?
  var hasMAC = false
  var scope: String?
  var skipsDuplicateDetection: Bool
  var hasNoPrefixRoute = false
  var preferredLifetime: String?

  var address: IPAddress { prefix.address }

  init(_ prefix: Prefix, _ location: Location) {
    self.prefix = prefix
    self.location = location
    // Whoever takes an IPv6 address over must not wait for the end of its duplicate detection.
    skipsDuplicateDetection = prefix.family == .inet6
    // keepalived deprecates single IPv6 addresses: they aren't to be chosen as sources.
    if prefix.family == .inet6, prefix.isHost { preferredLifetime = "0s" }
  }

  func tree(on link: LinkName, when: Tree?) -> Tree {
    var members: [(String, Tree)] = [
      ("link", .string(link.text)), ("address", .string(prefix.description)),
    ]
    if let peer { members.append(("peer", .string(peer.description))) }
    if let broadcast { members.append(("broadcast", .string(broadcast.description))) }
    if let scope { members.append(("scope", .string(scope))) }
    if let preferredLifetime { members.append(("preferred_lft", .string(preferredLifetime))) }
    if hasNoPrefixRoute { members.append(("noprefixroute", true)) }
    if skipsDuplicateDetection { members.append(("nodad", true)) }
    if let when { members.append(("when", when)) }
    return .object(members)
  }
}

extension Draft {
  /// The addresses of a block, one a line.
  mutating func addresses(_ statement: Statement) -> [VirtualAddress] {
    statement.statements.compactMap { address($0) }
  }

  /// `ADDRESS[/LENGTH] [brd ADDRESS|+|-] [dev LINK] [use_vmac] [scope SCOPE] ...`
  private mutating func address(_ statement: Statement) -> VirtualAddress? {
    guard let prefix = Prefix(statement.keyword) else {
      note(
        statement.location, "not an address with its length: \(shown(statement.keyword)): left out")
      return nil
    }
    guard !prefix.address.isUnspecified, !prefix.address.isMulticast, !prefix.address.isLoopback
    else {
      note(statement.location, "\(prefix.address) is no address of a link: left out")
      return nil
    }
    var address = VirtualAddress(prefix, statement.location)
    var words = statement.words.dropFirst()
    while let word = words.popFirst() {
      switch word {
      case "dev":
        guard let link = words.popFirst().flatMap(LinkName.init) else {
          note(statement.location, "\(prefix): dev without a link's name: left out")
          return nil
        }
        address.link = link
      case "use_vmac": address.hasMAC = true
      case "brd", "broadcast": setBroadcast(words.popFirst() ?? "", &address)
      case "peer": setPeer(words.popFirst() ?? "", &address)
      case "scope": setScope(words.popFirst() ?? "", &address)
      case "noprefixroute": address.hasNoPrefixRoute = true
      case "-nodad": address.skipsDuplicateDetection = false
      case "preferred_lft":
        let value = words.popFirst() ?? ""
        address.preferredLifetime = value == "forever" ? nil : UInt32(value).map { "\($0)s" }
      // A VIP that is deleted by hand comes back at once, and moves no mastership.
      case "no_track": break
      case "label", "track_group":
        note(statement.location, "\(prefix): \(shown(word)) is not carried over")
        _ = words.popFirst()
      default: note(statement.location, "\(prefix): \(shown(word)) is not carried over")
      }
    }
    return address
  }

  private mutating func setBroadcast(_ text: String, _ address: inout VirtualAddress) {
    let prefix = address.prefix
    let broadcast: IPAddress? =
      switch text {
      case "+": prefix.last
      case "-": prefix.network.address
      default: IPAddress(text)
      }
    guard let broadcast, broadcast.family == .inet, prefix.family == .inet else {
      note(address.location, "\(prefix): not an IPv4 broadcast address: \(shown(text))")
      return
    }
    address.broadcast = broadcast
  }

  private mutating func setPeer(_ text: String, _ address: inout VirtualAddress) {
    guard let peer = Prefix(text), peer.family == address.prefix.family,
      !peer.address.isUnspecified, !peer.address.isMulticast
    else {
      note(address.location, "\(address.prefix): not a peer's address: \(shown(text))")
      return
    }
    // The kernel keeps one length, the peer's; keepalived, too, ignores the address's own.
    address.peer = peer
    address.prefix = Prefix(address.prefix.address)
    if address.prefix.family == .inet6 { address.preferredLifetime = nil }
  }

  private mutating func setScope(_ text: String, _ address: inout VirtualAddress) {
    guard address.prefix.family == .inet else {
      note(address.location, "\(address.prefix): the kernel derives an IPv6 address's scope")
      return
    }
    guard let scope = scope(text) else {
      note(address.location, "\(address.prefix): not a scope: \(shown(text))")
      return
    }
    address.scope = scope
  }

  func scope(_ text: String) -> String? {
    ["global", "site", "link", "host", "nowhere"].contains(text) ? text : nil
  }

  // MARK: - To the state file

  /// Adds the addresses to the links that they belong to; returns those that are there now.
  mutating func place(
    _ addresses: [VirtualAddress], of instance: Instance, on link: LinkName
  ) -> [VirtualAddress] {
    addresses.filter { address in
      guard let link = place(of: address, in: instance, link) else { return false }
      return add(address, on: link, when: instance.when)
    }
  }

  private mutating func place(
    of address: VirtualAddress, in instance: Instance, _ link: LinkName
  ) -> LinkName? {
    let family = address.prefix.family
    guard let base = address.link ?? (address.hasMAC ? link : nil) else {
      // The instance's own virtual MAC is of its family.
      guard family == instance.family else { return link }
      return instance.vmac?.link.flatMap(LinkName.init) ?? link
    }
    guard address.hasMAC || instance.hasMACsForAddresses && base != link, let id = instance.id
    else { return base }
    guard let made = network.macvlan(on: base, id: id, family) else {
      note(address.location, "no room for another link with a virtual MAC address: left out")
      return nil
    }
    noteReversePath(address.location)
    return made
  }

  /// keepalived raises all links' rp_filter to that of `all`, and sets that to 0.
  mutating func noteReversePath(_ location: Location) {
    guard !hasNotedReversePath else { return }
    hasNotedReversePath = true
    note(
      location,
      "use_vmac needs \"net.ipv4.conf.all.rp_filter\": 0 in \"sysctls\", unless it is 0 already: it "
        + "is left to you, since other links may rely on it")
  }

  mutating func addStatic(_ statement: Statement) {
    for address in addresses(statement) {
      _ = add(address, on: address.link ?? defaults.link, when: nil)
    }
  }

  private mutating func add(_ address: VirtualAddress, on link: LinkName, when: Tree?) -> Bool {
    if let place = network.take("address \(link) \(address.address)", address.location) {
      note(address.location, "\(address.prefix) on \(link) is there already (\(place)): left out")
      return false
    }
    network.refer(to: link)
    network.append(
      address: address.tree(on: link, when: when), of: address.prefix.family, on: link)
    return true
  }
}
