internal import JSON
internal import Model

enum AddressKey: Int, ObjectKey {
  case link, address, peer, broadcast, scope, validLft, preferredLft, metric
  case noprefixroute, nodad, `protocol`, adopt, when

  static let names = spelledNames()
  static let example = "{ \"link\": \"eth0\", \"address\": \"192.0.2.1/24\" }"
}

enum AddressSection: ListSection {
  static let key = "addresses"

  static func read(_ object: inout ObjectReader<AddressKey>) -> Declared<Address>? {
    let item = object.address()
    let when = object.when()
    return item.map { Declared($0, when: when) }
  }

  static func links(of item: Address) -> [(name: LinkName?, key: String)] {
    [(item.link, "link")]
  }
}

extension ObjectReader<AddressKey> {
  fileprivate mutating func address() -> Address? {
    let link = required(.link, .link)
    let prefix = required(.address, .interfaceAddress)
    let peer = optional(.peer, .interfaceAddress)
    var address = Address(prefix ?? .all(.inet), link: link ?? .loopback)
    address.peer = peer
    address.broadcast = optional(.broadcast, .address)
    let scope = optional(.scope, .scope)
    address.scope = scope ?? .global
    readLifetimes(&address)
    address.metric = optional(.metric, .uint32(1, to: .max))
    address.hasNoPrefixRoute = optional(.noprefixroute, .bool) ?? false
    address.skipsDuplicateDetection = optional(.nodad, .bool) ?? false
    address.protocol = optional(.protocol, .addressProtocol).map(AddressProtocol.init)
    address.isAdopted = optional(.adopt, .bool) ?? false
    guard link != nil, let prefix else { return nil }

    if prefix.address.isUnspecified || prefix.address.isMulticast {
      report(
        .address, "\"\(prefix.address)\" is \(prefix.address.nature), which no interface can have")
    }
    if let peer, peer.family != prefix.family {
      report(.peer, "\"\(peer)\" is of another family than \"\(prefix)\"")
    }
    if peer != nil, !prefix.isHost {
      // The kernel keeps one length: the peer's.
      report(
        .address,
        "with a peer, the subnet's length belongs to the peer: write \"\(Prefix(prefix.address))\"")
    }
    switch prefix.family {
    case .inet:
      refuse([.nodad]) { "\($0) is for IPv6: IPv4 has no duplicate address detection" }
    case .inet6:
      refuse([.broadcast]) { "\($0) is for IPv4: IPv6 has no broadcast" }
      refuse([.scope]) { "\($0) is for IPv4: the kernel derives an IPv6 address's" }
      address.scope = .global
    }
    if let broadcast = address.broadcast, prefix.family == .inet, broadcast.family == .inet6 {
      report(.broadcast, "\"\(broadcast)\" is of another family than \"\(prefix)\"")
    }
    return faults.isDisjoint(with: [.link, .address, .peer]) ? address : nil
  }

  private mutating func readLifetimes(_ address: inout Address) {
    // 32 bits of seconds; the greatest value means forever.
    let most = Duration.seconds(49_710 * 86_400)
    let valid = optional(.validLft, .lifetime(.seconds(1)...most))
    let preferred = optional(.preferredLft, .lifetime(.zero...most))
    address.validLifetime = valid ?? nil
    address.preferredLifetime = preferred ?? nil
    guard let valid = address.validLifetime, !faults.contains(.preferredLft) else { return }
    if !has(.preferredLft) {
      reportMissing(
        .preferredLft,
        " beside \"valid_lft\": unstated it is forever, longer than \"\(valid.text)\"")
    } else if address.preferredLifetime.map({ $0 > valid }) ?? true {
      report(
        .preferredLft,
        "\"\(address.preferredLifetime?.text ?? "forever")\" is longer than the valid_lft of "
          + "\"\(valid.text)\"")
    }
  }
}

extension IPAddress {
  /// Why such an address can't be used, for messages.
  var nature: String {
    if isUnspecified { return "the unspecified address" }
    if isMulticast { return "a multicast address" }
    return isLoopback ? "a loopback address" : "an ordinary address"
  }
}
