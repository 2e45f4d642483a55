internal import Model

extension Form where Self == TextForm<IPAddress> {
  static var address: Self { TextForms.address }
  static var ipv4Address: Self { TextForms.ipv4Address }
}
extension Form where Self == TextForm<Prefix> {
  /// An address with its prefix length; host bits are allowed.
  static var interfaceAddress: Self { TextForms.interfaceAddress }
  /// A prefix without host bits.
  static var network: Self { TextForms.network }
  /// A prefix without host bits, or a bare address, as rules take them.
  static var selector: Self { TextForms.selector }
}
extension Form where Self == TextForm<Destination> {
  static var destination: Self { TextForms.destination }
}
extension Form where Self == TextForm<MACAddress> {
  static var mac: Self { TextForms.mac }
}

/// A route's destination.
enum Destination {
  case network(Prefix)
  /// Other keys tell the family.
  case `default`
}

private enum TextForms {
  static let address = TextForm<IPAddress>(
    what: "an address such as \"192.0.2.1\" or \"2001:db8::1\""
  ) { text throws(Mismatch) in
    guard let address = IPAddress(text) else { throw notAnAddress(text) }
    return address
  }

  static let ipv4Address = TextForm<IPAddress>(
    what: "an IPv4 address such as \"192.0.2.1\""
  ) { text throws(Mismatch) in
    let address = try address.parse(text)
    guard address.family == .inet else {
      throw Mismatch("\(quoted(text)) is an IPv6 address; only IPv4 has this")
    }
    return address
  }

  static let interfaceAddress = TextForm<Prefix>(
    what: "an address with the length of its subnet, such as \"192.0.2.1/24\""
  ) { text throws(Mismatch) in try prefix(text) }

  static let network = TextForm<Prefix>(
    what: "a prefix such as \"192.0.2.0/24\""
  ) { text throws(Mismatch) in try network(text) }

  static let selector = TextForm<Prefix>(
    what: "a prefix such as \"192.0.2.0/24\" or an address"
  ) { text throws(Mismatch) in
    if ["all", "any", "default"].contains(text) {
      throw Mismatch("\(quoted(text)) is what a rule without this key has: leave the key out")
    }
    guard text.utf8.contains(UInt8(ascii: "/")) else { return Prefix(try address.parse(text)) }
    let network = try network(text)
    guard network.length > 0 else {
      throw Mismatch("\(quoted(text)) is every address: state \"family\" and leave the key out")
    }
    return network
  }

  static let destination = TextForm<Destination>(
    what: "a prefix such as \"192.0.2.0/24\", or \"default\""
  ) { text throws(Mismatch) in
    if text == "default" { return .default }
    do throws(Mismatch) {
      return .network(try network(text))
    } catch {
      guard Spelling.nearest(to: text, among: ["default"]) != nil else { throw error }
      throw Mismatch("unknown word \(quoted(text)); did you mean \"default\"?")
    }
  }

  static let mac = TextForm<MACAddress>(
    what: "a MAC address such as \"02:00:5e:10:00:01\""
  ) { text throws(Mismatch) in
    guard let mac = MACAddress(text) else {
      throw Mismatch(
        "\(quoted(text)) is not a MAC address; write six pairs of hex digits between colons, "
          + "such as \"02:00:5e:10:00:01\"")
    }
    return mac
  }

  private static func network(_ text: String) throws(Mismatch) -> Prefix {
    let prefix = try prefix(text)
    guard !prefix.hasHostBits else {
      throw Mismatch("\(quoted(text)) has host bits; the network is \"\(prefix.network)\"")
    }
    return prefix
  }

  private static func prefix(_ text: String) throws(Mismatch) -> Prefix {
    guard let prefix = Prefix(text) else { throw notAPrefix(text) }
    guard !prefix.isHost || text.utf8.contains(UInt8(ascii: "/")) else {
      throw Mismatch("\(quoted(text)) has no length; a single address is \"\(prefix)\"")
    }
    return prefix
  }

  private static func notAPrefix(_ text: String) -> Mismatch {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, let address = IPAddress(String(parts[0])) {
      return Mismatch(
        "\(quoted(text)) has a wrong length; \(address.family == .inet ? "IPv4" : "IPv6") has "
          + "/0 to /\(address.family.width)")
    }
    return Mismatch(
      "\(quoted(text)) is not a prefix; write one such as \"192.0.2.0/24\" or \"2001:db8::/64\"")
  }

  private static func notAnAddress(_ text: String) -> Mismatch {
    if let prefix = Prefix(text) {
      return Mismatch("\(quoted(text)) has a length; the address is \"\(prefix.address)\"")
    }
    if let zone = text.firstIndex(of: "%"), let address = IPAddress(String(text[..<zone])) {
      return Mismatch(
        "\(quoted(text)) names a link; write \"\(address)\" and state the link by its own key")
    }
    return Mismatch(
      "\(quoted(text)) is not an address; write one such as \"192.0.2.1\" or \"2001:db8::1\"")
  }
}
