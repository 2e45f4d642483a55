import Model

/// Addresses that the internet doesn't route, which must never reach a gateway: IANA's registries
/// of special-purpose addresses (RFC 6890), and what the seed's tools leave out besides.
enum ReservedRanges {
  private static let texts: [(prefix: String, source: String)] = [
    ("0.0.0.0/8", "this network: RFC 791, 3.2"),
    ("10.0.0.0/8", "private: RFC 1918"),
    ("100.64.0.0/10", "shared by carriers: RFC 6598"),
    ("127.0.0.0/8", "loopback: RFC 1122, 3.2.1.3"),
    ("169.254.0.0/16", "link-local: RFC 3927"),
    ("172.16.0.0/12", "private: RFC 1918"),
    ("192.0.0.0/24", "IETF protocols: RFC 6890, 2.1"),
    ("192.0.2.0/24", "documentation: RFC 5737"),
    ("192.88.99.0/24", "6to4 relays, deprecated: RFC 7526"),
    ("192.168.0.0/16", "private: RFC 1918"),
    ("198.18.0.0/15", "benchmarks: RFC 2544"),
    ("198.51.100.0/24", "documentation: RFC 5737"),
    ("203.0.113.0/24", "documentation: RFC 5737"),
    ("224.0.0.0/3", "multicast: RFC 5771; reserved, broadcast: RFC 1112, 4, and RFC 919, 7"),
    ("::/96", "unspecified, loopback, IPv4-compatible: RFC 4291, 2.5"),
    ("::ffff:0:0/96", "IPv4-mapped: RFC 4291, 2.5.5.2"),
    ("64:ff9b:1::/48", "local translation: RFC 8215"),
    ("100::/64", "discard: RFC 6666"),
    ("100:0:0:1::/64", "dummy prefix: RFC 9780"),
    ("2001::/23", "IETF protocols: RFC 2928"),
    ("2001:db8::/32", "documentation: RFC 3849"),
    ("2002::/16", "6to4: RFC 3056, 2"),
    ("3fff::/20", "documentation: RFC 9637"),
    ("5f00::/16", "segment routing: RFC 9602"),
    ("fc00::/7", "unique local: RFC 4193"),
    ("fe80::/10", "link-local: RFC 4291, 2.5.6"),
    ("fec0::/10", "site-local, deprecated: RFC 3879"),
    ("ff00::/8", "multicast: RFC 4291, 2.7"),
  ]

  static let all: [Prefix] = texts.map { Prefix($0.prefix)! }
}

extension [Prefix] {
  /// The prefixes of a family that no other contains, sorted, as an interval set takes them.
  func merged(_ family: Family) -> [Prefix] {
    var merged: [Prefix] = []
    // Where two begin at the same address, the wider comes first.
    for prefix in filter({ $0.family == family }).sorted() {
      if let last = merged.last, last.contains(prefix.address) { continue }
      merged.append(prefix)
    }
    return merged
  }

  /// The ranges of a family's addresses that no prefix contains, each with its first and last
  /// address.
  func gaps(_ family: Family) -> [(first: IPAddress, last: IPAddress)] {
    var gaps: [(first: IPAddress, last: IPAddress)] = []
    let all = Prefix.all(family)
    var next: IPAddress? = all.address
    for prefix in merged(family) {
      guard let first = next else { break }
      if first < prefix.network.address {
        gaps.append((first, prefix.network.address.previous))
      }
      next = prefix.last == all.last ? nil : prefix.last.advanced(1)
    }
    if let next { gaps.append((next, all.last)) }
    return gaps
  }
}
