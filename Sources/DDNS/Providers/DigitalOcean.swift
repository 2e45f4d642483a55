internal import Addressing
internal import JSON

/// DigitalOcean's API (docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records): records
/// one by one.
struct DigitalOcean: HTTPProvider {
  static let name = "digitalocean"
  static let title = "DigitalOcean"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "api.digitalocean.com", path: "/v2")
  static let ownKeys = [
    ProviderKey(
      "token_file", .secretFile, isRequired: true,
      hint: ", with a token that may read and write domains"),
    ProviderKey("zone", .name),
  ]

  private var api: WebAPI
  private let zone: RecordName?

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = ProviderLimits(types: [.a, .aaaa, .srv, .txt])
    limits.ttls = 30...604_800
    return limits
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    api = Self.api(settings)
    try api.authorize(settings, key: "token_file")
    api.explanation = { $0.text(at: "message", "id") }
    zone = settings.name("zone")
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    try domain(of: name).then { domain throws(ProviderError) in
      try records(domain, name, types).then { .done($0.sets(of: name)) }
    }
  }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> {
    guard let set = new ?? old else { return .done(()) }
    return try domain(of: set.name).then { domain throws(ProviderError) in
      try records(domain, set.name, [set.type]).then { records throws(ProviderError) in
        let path = "/domains/\(domain.text)/records"
        let relative = set.name.relative(to: domain) ?? ""
        let name = relative.isEmpty ? "@" : relative
        return try .inOrder(
          records.edits(to: new).map { edit in
            switch edit {
            case .create(let value):
              api.send(api.request(.post, path, json: Self.body(value, name, new?.ttl)))
            case .update(let id, let value):
              api.send(
                api.request(.put, "\(path)/\(id)", json: Self.body(value, name, new?.ttl)))
            case .delete(let id): api.send(api.request(.delete, "\(path)/\(id)"))
            }
          })
      }
    }
  }

  private func domain(of name: RecordName) throws(ProviderError) -> Exchange<RecordName> {
    try api.zone(zone.map { [$0] } ?? name.zones) { candidate in
      api.request(.get, "/domains/\(candidate.text)")
    } _: { candidate, _ in
      candidate
    }
  }

  private func records(
    _ domain: RecordName, _ name: RecordName, _ types: Set<RecordType>, page: Int = 1,
    before: [IdentifiedRecord] = []
  ) -> Exchange<[IdentifiedRecord]> {
    let query = [("name", name.text), ("per_page", "200"), ("page", "\(page)")]
    return api.read(api.request(.get, "/domains/\(domain.text)/records", query)) {
      root throws(ProviderError) in
      guard let elements = root?["domain_records"]?.elements else {
        throw api.lacks("\"domain_records\"")
      }
      let read = before + elements.compactMap { Self.record(in: $0, types) }
      if root?["links"]?["pages"]?["next"]?.string == nil { return .done(read) }
      return records(domain, name, types, page: page + 1, before: read)
    }
  }

  private static func record(
    in element: JSON.Value, _ types: Set<RecordType>
  ) -> IdentifiedRecord? {
    guard let id = element["id"]?.integer,
      let type = element["type"]?.string.flatMap(RecordType.init), types.contains(type),
      let data = element["data"]?.string
    else { return nil }
    let text =
      type == .srv
      ? ["priority", "weight", "port"].map { element[$0]?.integer.map(String.init) ?? "0" }
        .joined(separator: " ") + " \(data)" : data
    guard let value = RecordValue(text, type: type) else { return nil }
    return IdentifiedRecord(
      id: "\(id)", value: value, ttl: element["ttl"]?.integer.flatMap(UInt32.init(exactly:)))
  }

  private static func body(_ value: RecordValue, _ name: String, _ ttl: UInt32?) -> Tree {
    var members: [(String, Tree)] = [
      ("type", .string(value.type.rawValue)), ("name", .string(name)),
    ]
    switch value {
    case .address(let address): members.append(("data", .string(address.description)))
    case .text(let text): members.append(("data", .string(text)))
    case .service(let service):
      members += [
        ("data", .string(service.target.absolute)),
        ("priority", .integer(Int(service.priority))),
        ("port", .integer(Int(service.port))), ("weight", .integer(Int(service.weight))),
      ]
    case .binding: members.append(("data", .string(value.text)))
    }
    if let ttl { members.append(("ttl", .integer(Int(ttl)))) }
    return .object(members)
  }
}
