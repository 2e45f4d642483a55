/// Waits for the local routes of IPv6 addresses, which the kernel makes a moment after the
/// addresses, and without which they don't receive. False if they aren't there within half a
/// minute.
public func localRoutesAreMade() throws -> Bool {
  try eventually {
    let routes = try sh("ip -6 route show table local").split(separator: "\n")
    // 2: t0    inet6 fd99::1/64 scope global nodad
    return try sh("ip -6 -o address show").split(separator: "\n").allSatisfy { line in
      let words = line.split(separator: " ")
      let address = words[3].prefix { $0 != "/" }
      return line.contains("tentative")
        || routes.contains { $0.hasPrefix("local \(address) dev \(words[1]) ") }
    }
  }
}

/// Waits for what the kernel does a moment after links are set up: their operational states, and
/// IPv6's link-local routes. False if that takes more than half a minute.
public func linksAreReady(_ names: [String]) throws -> Bool {
  try eventually {
    let routes = try sh("ip -6 route show table all").split(separator: "\n")
    return try names.allSatisfy { name in
      let link = try sh("ip -o link show dev \(name)")
      // Without a carrier there is no link-local address.
      if link.contains("NO-CARRIER") { return link.contains("state DOWN") }
      // A link of a pair has a state, a VXLAN has none.
      let isPair = link.contains("\(name)@")
      return (!isPair || link.contains("state UP"))
        && ["fe80::/64", "multicast ff00::/8"].allSatisfy { prefix in
          routes.contains { $0.hasPrefix("\(prefix) dev \(name) ") }
        }
    }
  }
}
