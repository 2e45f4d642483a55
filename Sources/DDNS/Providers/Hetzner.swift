internal import JSON

/// DNS in Hetzner's Cloud API (docs.hetzner.cloud/reference/cloud#tag/zone-rrsets), which has replaced
/// the API of the DNS console: zones there must have been moved. A set is written as a whole.
struct Hetzner: HTTPProvider {
  static let name = "hetzner"
  static let title = "Hetzner"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "api.hetzner.cloud", path: "/v1")
  static let ownKeys = [
    ProviderKey(
      "token_file", .secretFile, isRequired: true, hint: ", with a token of the Cloud Console"),
    ProviderKey("zone", .name),
  ]

  private var api: WebAPI
  private let zone: RecordName?

  private struct Zone: Sendable {
    var id: String
    var name: RecordName
  }

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = ProviderLimits()
    limits.ttls = 60...2_147_483_647
    return limits
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    api = Self.api(settings)
    try api.authorize(settings, key: "token_file")
    api.explanation = { $0.text(at: "error/message", "error/code") }
    zone = settings.name("zone")
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    try zone(of: name).then { zone throws(ProviderError) in
      let query = [("name", Self.relative(name, zone)), ("per_page", "50")]
      return api.read(api.request(.get, "/zones/\(zone.id)/rrsets", query)) {
        root throws(ProviderError) in
        guard let elements = root?["rrsets"]?.elements else { throw api.lacks("\"rrsets\"") }
        return .done(elements.compactMap { Self.set(in: $0, name, types) })
      }
    }
  }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> {
    guard let set = new ?? old else { return .done(()) }
    return try zone(of: set.name).then { zone throws(ProviderError) in
      let name = Self.relative(set.name, zone)
      let path = "/zones/\(zone.id)/rrsets"
      let ownPath = "\(path)/\(HTTPRequest.encoded(name))/\(set.type.rawValue)"
      guard let new, !new.isEmpty else { return api.send(api.request(.delete, ownPath)) }
      let records = Tree.array(new.values.map { .object([("value", .string($0.text))]) })
      let ttl = new.ttl.map { Tree.integer(Int($0)) }
      guard let old, !old.isEmpty else {
        var members: [(String, Tree)] = [
          ("name", .string(name)), ("type", .string(set.type.rawValue)),
        ]
        if let ttl { members.append(("ttl", ttl)) }
        let body = Tree.object(members + [("records", records)])
        return api.send(api.request(.post, path, json: body))
      }
      var exchanges: [Exchange<Void>] = []
      if new.values != old.values {
        let body = Tree.object([("records", records)])
        exchanges.append(
          api.send(api.request(.post, ownPath + "/actions/set_records", json: body)))
      }
      if let ttl, new.ttl != old.ttl {
        let body = Tree.object([("ttl", ttl)])
        exchanges.append(
          api.send(api.request(.post, ownPath + "/actions/change_ttl", json: body)))
      }
      return try .inOrder(exchanges)
    }
  }

  private func zone(of name: RecordName) throws(ProviderError) -> Exchange<Zone> {
    try api.zone(zone.map { [$0] } ?? name.zones) { candidate in
      api.request(.get, "/zones", [("name", candidate.text)])
    } _: { candidate, root in
      root["zones"]?[0]?["id"]?.integer.map { Zone(id: "\($0)", name: candidate) }
    }
  }

  /// `@` is the zone's own name.
  private static func relative(_ name: RecordName, _ zone: Zone) -> String {
    let relative = name.relative(to: zone.name) ?? ""
    return relative.isEmpty ? "@" : relative
  }

  private static func set(
    in element: JSON.Value, _ name: RecordName, _ types: Set<RecordType>
  ) -> RecordSet? {
    guard let type = element["type"]?.string.flatMap(RecordType.init), types.contains(type),
      let records = element["records"]?.elements
    else { return nil }
    let values = records.compactMap {
      $0["value"]?.string.flatMap { RecordValue($0, type: type) }
    }
    let ttl = element["ttl"]?.integer.flatMap(UInt32.init(exactly:))
    return values.isEmpty ? nil : RecordSet(name, type, ttl: ttl, values)
  }
}
