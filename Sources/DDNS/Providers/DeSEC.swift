internal import JSON

/// deSEC's API (desec.readthedocs.io/en/latest/dns/rrsets.html): a set is written as a whole.
struct DeSEC: HTTPProvider {
  static let name = "desec"
  static let title = "deSEC"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "desec.io", path: "/api/v1")
  static let ownKeys = [
    ProviderKey("token_file", .secretFile, isRequired: true, hint: ", with a token"),
    ProviderKey("zone", .name),
  ]

  private var api: WebAPI
  private let zone: RecordName?

  /// A domain as deSEC has it.
  private struct Domain: Sendable {
    var name: RecordName
    var leastTTL: Int
  }

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = ProviderLimits()
    limits.ttls = 60...86_400
    return limits
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    api = Self.api(settings)
    try api.authorize(settings, key: "token_file", prefix: "Token ")
    api.explanation = {
      $0.text(
        at: "detail", "0/non_field_errors/0", "0/records/0", "0/ttl/0", "0/subname/0", "0/type/0",
        "non_field_errors/0")
    }
    zone = settings.name("zone")
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    try domain(of: name).then { domain throws(ProviderError) in
      let query = [("subname", name.relative(to: domain.name) ?? "")]
      let path = "/domains/\(domain.name.text)/rrsets/"
      return api.read(api.request(.get, path, query)) { root throws(ProviderError) in
        guard let elements = root?.elements else { throw api.lacks("list of sets") }
        return .done(elements.compactMap { Self.set(in: $0, name, types) })
      }
    }
  }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> {
    guard let set = new ?? old else { return .done(()) }
    return try domain(of: set.name).then { domain throws(ProviderError) in
      let ttl = Int(new?.ttl ?? old?.ttl ?? 0)
      let wanted = ttl == 0 ? domain.leastTTL : ttl
      if new?.isEmpty == false, wanted < domain.leastTTL {
        throw ProviderError(
          "deSEC allows \"\(domain.name)\" a TTL of \(domain.leastTTL)s at least, not \(wanted)s",
          isPermanent: true)
      }
      // Without records the set is removed.
      let body: Tree = [
        .object([
          ("subname", .string(set.name.relative(to: domain.name) ?? "")),
          ("type", .string(set.type.rawValue)), ("ttl", .integer(wanted)),
          ("records", .array((new?.values ?? []).map { .string($0.text) })),
        ])
      ]
      return api.send(api.request(.put, "/domains/\(domain.name.text)/rrsets/", json: body))
    }
  }

  private func domain(of name: RecordName) throws(ProviderError) -> Exchange<Domain> {
    // deSEC itself finds the domain that a name is in.
    try api.zone([name]) { name in
      api.request(.get, "/domains/", [("owns_qname", name.text)])
    } _: { _, root in
      let found = root.elements?.first { element in
        zone == nil || element["name"]?.string == zone?.text
      }
      guard let name = found?["name"]?.string.flatMap(RecordName.init) else { return nil }
      return Domain(name: name, leastTTL: found?["minimum_ttl"]?.integer ?? 3600)
    }
  }

  private static func set(
    in element: JSON.Value, _ name: RecordName, _ types: Set<RecordType>
  ) -> RecordSet? {
    guard let type = element["type"]?.string.flatMap(RecordType.init), types.contains(type),
      let records = element["records"]?.elements
    else { return nil }
    let values = records.compactMap { $0.string.flatMap { RecordValue($0, type: type) } }
    let ttl = element["ttl"]?.integer.flatMap(UInt32.init(exactly:))
    return values.isEmpty ? nil : RecordSet(name, type, ttl: ttl, values)
  }
}
