/// A host by its address, or by a name that is resolved when it is asked.
public enum Host: Hashable, Sendable {
  case address(IPAddress)
  /// In lower case, without a final dot.
  case name(String)

  /// `192.0.2.1`, `2001:db8::1`, `example.org`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    if let address = IPAddress(String(text)) {
      self = .address(address)
      return
    }
    let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    // RFC 1123, 2.1: the last label isn't a number, so no name looks like an address. Underscores
    // too, since people have them.
    let isName =
      text.utf8.count <= 253
      && labels.allSatisfy { label in
        (1...63).contains(label.count)
          && label.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20)
              || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
          }
      } && labels.last?.contains { !(0x30...0x39).contains($0) } ?? false
    guard isName else { return nil }
    self = .name(text.lowercased())
  }

  public var address: IPAddress? {
    if case .address(let address) = self { address } else { nil }
  }

  public var name: String? {
    if case .name(let name) = self { name } else { nil }
  }
}

extension Host: CustomStringConvertible {
  public var description: String {
    switch self {
    case .address(let address): address.description
    case .name(let name): name
    }
  }

  /// As it is written before a port.
  public var bracketed: String {
    if case .address(let address) = self, address.family == .inet6 { return "[\(address)]" }
    return description
  }
}

/// A host and a port.
public struct HostPort: Hashable, Sendable, CustomStringConvertible {
  public var host: Host
  public var port: UInt16

  public init(_ host: Host, _ port: UInt16) {
    self.host = host
    self.port = port
  }

  /// `example.org`, `example.org:3478`, `[2001:db8::1]:3478`, `2001:db8::1`; nil for anything else.
  public init?(_ text: some StringProtocol, defaultPort: UInt16) {
    if let host = Host(text) {
      self.init(host, defaultPort)
      return
    }
    var rest = text[...]
    var port = defaultPort
    if let colon = rest.lastIndex(of: ":"), rest.last != "]" {
      let digits = rest[rest.index(after: colon)...]
      guard let number = UInt16(digits), number > 0,
        digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
      else { return nil }
      port = number
      rest = rest[..<colon]
    }
    if rest.hasPrefix("["), rest.hasSuffix("]") {
      guard let address = IPAddress(String(rest.dropFirst().dropLast())), address.family == .inet6
      else { return nil }
      self.init(.address(address), port)
    } else {
      guard let host = Host(rest), host.address?.family != .inet6 else { return nil }
      self.init(host, port)
    }
  }

  public var description: String { "\(host.bracketed):\(port)" }
}

/// An `http` or `https` URL (RFC 9110, 4.2), without user, password and fragment.
public struct WebURL: Hashable, Sendable {
  public var isSecure: Bool
  public var server: HostPort
  /// The path with its query; starts with `/`.
  public var path: String

  public init(isSecure: Bool = true, _ server: HostPort, path: String = "/") {
    self.isSecure = isSecure
    self.server = server
    self.path = path
  }

  public init?(_ text: String) {
    let schemes = [("https://", true, UInt16(443)), ("http://", false, 80)]
    guard let (prefix, isSecure, port) = schemes.first(where: { text.hasPrefix($0.0) }),
      text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") })
    else { return nil }
    let rest = text.dropFirst(prefix.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard let server = HostPort(authority, defaultPort: port) else { return nil }
    let path = rest[authority.endIndex...]
    self.init(isSecure: isSecure, server, path: path.hasPrefix("/") ? String(path) : "/\(path)")
  }

  /// The `Host` header (RFC 9110, 7.2): with the port if that isn't the scheme's.
  public var authority: String {
    server.port == (isSecure ? 443 : 80) ? server.host.bracketed : server.description
  }
}

extension WebURL: CustomStringConvertible {
  public var description: String { "\(isSecure ? "https" : "http")://\(authority)\(path)" }
}
