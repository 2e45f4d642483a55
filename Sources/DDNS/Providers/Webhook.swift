internal import JSON

/// Anybody who takes a whole set in JSON by POST:
/// `{ "name": "vpn.example.org", "type": "A", "ttl": 60, "values": ["192.0.2.1"], "old": [] }`.
/// Without values the set is to be removed. Any status of 200 to 299 means that it is done.
///
/// With `"reads": true` it is asked by GET with `name` and `type` (several, with commas) before, and
/// answers with a list of sets: `[{ "type": "A", "ttl": 60, "values": ["192.0.2.1"] }]`.
struct Webhook: HTTPProvider {
  static let name = "webhook"
  static let title = "the webhook"
  static let origin: HTTPOrigin? = nil
  static let ownKeys = [
    ProviderKey("token_file", .secretFile), ProviderKey("headers", .table),
    ProviderKey("reads", .flag), .nameServer,
  ]

  private var api: WebAPI

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = ProviderLimits()
    limits.isReadable = settings.flag("reads") ?? false
    return limits
  }

  static func ownProblems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem] { settings.readingProblems }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    api = Self.api(settings)
    if settings.has("token_file") { try api.authorize(settings, key: "token_file") }
    // A header's value may be a secret, too.
    api.headers += (settings.table("headers") ?? [:]).sorted { $0.key < $1.key }.map {
      HTTPRequest.Field($0.key, .secret(Secret($0.value.utf8)))
    }
    api.explanation = { $0.text(at: "error", "message", "detail") ?? $0.firstLine }
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    let list = types.sorted().map(\.rawValue).joined(separator: ",")
    let request = api.request(.get, "", [("name", name.text), ("type", list)])
    return api.read(request) { root throws(ProviderError) in
      guard let elements = root?.elements else { throw api.lacks("list of sets") }
      var sets: [RecordSet] = []
      for element in elements {
        guard let type = element["type"]?.string.flatMap(RecordType.init),
          let texts = element["values"]?.elements?.map(\.string)
        else { throw api.lacks("\"type\" or \"values\"") }
        let values = texts.compactMap { $0.flatMap { RecordValue($0, type: type) } }
        guard values.count == texts.count else {
          throw ProviderError("\(api.title) has a value that is no \(type.rawValue) record's")
        }
        let ttl = element["ttl"]?.integer.flatMap(UInt32.init(exactly:))
        if !values.isEmpty { sets.append(RecordSet(name, type, ttl: ttl, values)) }
      }
      return .done(sets)
    }
  }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> {
    guard let set = new ?? old else { return .done(()) }
    var members: [(String, Tree)] = [
      ("name", .string(set.name.text)), ("type", .string(set.type.rawValue)),
    ]
    if let ttl = new?.ttl { members.append(("ttl", .integer(Int(ttl)))) }
    members += [
      ("values", .array((new?.values ?? []).map { .string($0.text) })),
      ("old", .array((old?.values ?? []).map { .string($0.text) })),
    ]
    return api.send(api.request(.post, "", json: .object(members)))
  }
}
