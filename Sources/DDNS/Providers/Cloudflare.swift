internal import Addressing
internal import JSON

/// Cloudflare's API, v4, with an API token that may edit the zone's DNS
/// (developers.cloudflare.com/api/resources/dns/subresources/records).
///
/// Changes of a set are one batch, which Cloudflare makes as a whole or not at all.
struct Cloudflare: HTTPProvider {
  static let name = "cloudflare"
  static let title = "Cloudflare"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "api.cloudflare.com", path: "/client/v4")
  static let ownKeys = [
    ProviderKey("token_file", .secretFile, isRequired: true, hint: ", with an API token"),
    ProviderKey("zone", .name), ProviderKey("proxied", .flag),
  ]

  private var api: WebAPI
  private let zone: RecordName?
  private let isProxied: Bool

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = ProviderLimits()
    // 1 is Cloudflare's word for its own choice.
    limits.ttls = settings.flag("proxied") == true ? nil : 60...86_400
    return limits
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    api = Self.api(settings)
    try api.authorize(settings, key: "token_file")
    api.explanation = { $0.text(at: "errors/0/error_chain/0/message", "errors/0/message") }
    zone = settings.name("zone")
    isProxied = settings.flag("proxied") ?? false
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    try zoneID(of: name).then { zone throws(ProviderError) in
      try records(zone, name, types).then { .done($0.sets(of: name)) }
    }
  }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> {
    guard let set = new ?? old else { return .done(()) }
    return try zoneID(of: set.name).then { zone throws(ProviderError) in
      try records(zone, set.name, [set.type]).then { records throws(ProviderError) in
        let edits = records.edits(to: new)
        if edits.isEmpty { return .done(()) }
        let batch = batch(edits, set.name, ttl: new?.ttl)
        return api.send(api.request(.post, "/zones/\(zone)/dns_records/batch", json: batch))
      }
    }
  }

  private func zoneID(of name: RecordName) throws(ProviderError) -> Exchange<String> {
    try api.zone(zone.map { [$0] } ?? name.zones) { candidate in
      api.request(.get, "/zones", [("name", candidate.text)])
    } _: { _, root in
      root["result"]?[0]?["id"]?.string
    }
  }

  private func records(
    _ zone: String, _ name: RecordName, _ types: Set<RecordType>, page: Int = 1,
    before: [IdentifiedRecord] = []
  ) -> Exchange<[IdentifiedRecord]> {
    let query = [("name", name.text), ("per_page", "100"), ("page", "\(page)")]
    return api.read(api.request(.get, "/zones/\(zone)/dns_records", query)) {
      root throws(ProviderError) in
      guard let result = root?["result"]?.elements else { throw api.lacks("\"result\"") }
      let read = result.compactMap { record(in: $0, types) }
      let pages = root?["result_info"]?["total_pages"]?.integer ?? 1
      if page >= pages { return .done(before + read) }
      return records(zone, name, types, page: page + 1, before: before + read)
    }
  }

  private func record(in element: JSON.Value, _ types: Set<RecordType>) -> IdentifiedRecord? {
    guard let id = element["id"]?.string,
      let type = element["type"]?.string.flatMap(RecordType.init), types.contains(type),
      let content = element["content"]?.string
    else { return nil }
    let data = element["data"]
    let text =
      switch type {
      case .srv:
        ["priority", "weight", "port"].map { data?[$0]?.integer.map(String.init) ?? "?" }
          .joined(separator: " ") + " \(data?["target"]?.string ?? "?")"
      case .https:
        "\(data?["priority"]?.integer ?? 0) \(data?["target"]?.string ?? ".") "
          + (data?["value"]?.string ?? "")
      case .a, .aaaa, .txt: content
      }
    guard let value = RecordValue(text, type: type) else { return nil }
    // Cloudflare's own choice is five minutes.
    let ttl = element["ttl"]?.integer.flatMap(UInt32.init(exactly:)).map { $0 == 1 ? 300 : $0 }
    return IdentifiedRecord(
      id: id, value: value, ttl: element["proxied"]?.bool == true ? nil : ttl)
  }

  private func batch(_ edits: [RecordEdit], _ name: RecordName, ttl: UInt32?) -> Tree {
    var (deletes, patches, posts): ([Tree], [Tree], [Tree]) = ([], [], [])
    for edit in edits {
      switch edit {
      case .create(let value): posts.append(.object(members(value, name, ttl)))
      case .update(let id, let value):
        // What isn't stated stays: whether it is proxied, its comment and tags.
        let stated = members(value, name, ttl).filter { $0.0 != "proxied" }
        patches.append(.object([("id", .string(id))] + stated))
      case .delete(let id): deletes.append(.object([("id", .string(id))]))
      }
    }
    return .object([
      ("deletes", .array(deletes)), ("patches", .array(patches)), ("posts", .array(posts)),
    ])
  }

  private func members(
    _ value: RecordValue, _ name: RecordName, _ ttl: UInt32?
  ) -> [(String, Tree)] {
    var members: [(String, Tree)] = [
      ("type", .string(value.type.rawValue)), ("name", .string(name.text)),
      ("ttl", .integer(isProxied ? 1 : Int(ttl ?? 1))),
    ]
    switch value {
    case .address(let address):
      members += [("content", .string(address.description)), ("proxied", .bool(isProxied))]
    case .text: members.append(("content", .string(value.text)))
    case .service(let service):
      members.append(
        (
          "data",
          .object([
            ("priority", .integer(Int(service.priority))),
            ("weight", .integer(Int(service.weight))), ("port", .integer(Int(service.port))),
            ("target", .string(service.target.text)),
          ])
        ))
    case .binding:
      let words = value.text.split(separator: " ", maxSplits: 2).map(String.init)
      members.append(
        (
          "data",
          .object([
            ("priority", .integer(Int(words[0]) ?? 0)), ("target", .string(words[1])),
            ("value", .string(words.count > 2 ? words[2] : "")),
          ])
        ))
    }
    return members
  }
}

extension ProviderSettings {
  /// What is wrong with `zone`.
  func zoneProblems(for name: RecordName) -> [ProviderProblem] {
    guard let zone = self.name("zone"), !name.isIn(zone) else { return [] }
    return [ProviderProblem("zone", "\"\(name)\" is not in the zone \"\(zone)\"")]
  }
}
