internal import DDNS

enum DDNSKey: Int, ObjectKey {
  case name, type, from, addresses, when, ttl, most, empty, check, refresh, minInterval, retry
  case timeout, priority, weight, port, target, text, alpn, hints, provider

  static let names = spelledNames()
  static let example = "{ \"name\": \"vpn.example.org\", \"provider\": {...} }"
}

extension DDNSKey: ConditionalKey {}

/// The keys of all providers' objects. Each provider declares its own (``DDNS/Provider/keys``).
struct DDNSProviderKey: ObjectKey {
  let rawValue: Int

  init?(rawValue: Int) {
    guard Self.names.indices.contains(rawValue) else { return nil }
    self.rawValue = rawValue
  }

  /// The key with this name, which must be one of ``names``.
  init(_ name: String) { rawValue = Self.names.firstIndex(of: name)! }

  static let type = DDNSProviderKey("type")

  static let names: [String] = Providers.all.flatMap { $0.keys.map(\.name) }.reduce(
    into: ["type"]
  ) { names, name in
    if !names.contains(name) { names.append(name) }
  }
  static var allCases: [DDNSProviderKey] { names.indices.map { DDNSProviderKey(rawValue: $0)! } }
  static let example = "{ \"type\": \"rfc2136\", \"server\": \"192.0.2.53\" }"

  static func keys(ofType type: String?) -> KeySet<Self>? {
    guard let provider = type.flatMap(Providers.named) else { return nil }
    return provider.keys.reduce(into: [.type]) { $0.insert(DDNSProviderKey($1.name)) }
  }
}
