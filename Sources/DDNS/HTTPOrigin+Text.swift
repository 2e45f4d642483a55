internal import Addressing

extension HTTPOrigin {
  /// Nil unless the text is `http` or `https`, a host, and perhaps a port and a path.
  public init?(_ text: String) {
    guard let separator = text.firstRange(of: "://") else { return nil }
    let scheme = text[..<separator.lowerBound].lowercased()
    guard scheme == "https" || scheme == "http" else { return nil }
    let rest = text[separator.upperBound...]
    guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"?#@\\\"".utf8.contains($0) }) else {
      return nil
    }
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let authority = rest[..<slash]
    var path = String(rest[slash...])
    while path.hasSuffix("/") { path.removeLast() }
    var (host, port) = (authority, Substring?.none)
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
      let after = authority[authority.index(after: end)...]
      guard after.isEmpty || after.hasPrefix(":"), IPAddress(String(host))?.family == .inet6 else {
        return nil
      }
      port = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = authority.firstIndex(of: ":") {
      host = authority[..<colon]
      port = authority[authority.index(after: colon)...]
    }
    guard IPAddress(String(host)) != nil || RecordName(String(host)) != nil, host != "." else {
      return nil
    }
    var number: UInt16?
    if let port {
      guard let stated = UInt16(port), stated > 0 else { return nil }
      number = stated
    }
    self.init(isSecure: scheme == "https", host: String(host), port: number, path: path)
  }
}
