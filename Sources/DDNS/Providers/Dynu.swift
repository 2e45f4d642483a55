internal import Addressing
internal import JSON

/// Dynu's API, v2 (www.dynu.com/Support/API): records one by one, at most four of a name and type
/// without a paid membership.
struct Dynu: HTTPProvider {
  static let name = "dynu"
  static let title = "Dynu"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "api.dynu.com", path: "/v2")
  static let ownKeys = [
    ProviderKey("key_file", .secretFile, isRequired: true, hint: ", with the API key"),
    ProviderKey("most", .number(1...100)),
  ]

  private var api: WebAPI

  /// A domain, and the part of the name before it.
  private struct Root: Sendable {
    var id: Int
    var node: String
  }

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = ProviderLimits(
      types: [.a, .aaaa, .srv, .txt], most: settings.number("most") ?? 4)
    limits.ttls = 30...86_400
    return limits
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    api = Self.api(settings)
    try api.authorize(settings, key: "key_file", header: "API-Key", prefix: "")
    api.credentials = "the key of \(settings.text("key_file") ?? "key_file")"
    api.explanation = { $0.text(at: "exception/message", "message") }
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    try root(of: name).then { root throws(ProviderError) in
      try records(root, types).then { .done($0.sets(of: name)) }
    }
  }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> {
    guard let set = new ?? old else { return .done(()) }
    return try root(of: set.name).then { root throws(ProviderError) in
      try records(root, [set.type]).then { records throws(ProviderError) in
        let path = "/dns/\(root.id)/record"
        return try .inOrder(
          records.edits(to: new).map { edit in
            switch edit {
            case .create(let value):
              api.send(api.request(.post, path, json: Self.body(value, root.node, new?.ttl)))
            case .update(let id, let value):
              api.send(
                api.request(.post, "\(path)/\(id)", json: Self.body(value, root.node, new?.ttl)))
            case .delete(let id): api.send(api.request(.delete, "\(path)/\(id)"))
            }
          })
      }
    }
  }

  private func root(of name: RecordName) throws(ProviderError) -> Exchange<Root> {
    try api.zone([name]) { name in
      api.request(.get, "/dns/getroot/\(name.text)")
    } _: { _, root in
      root["id"]?.integer.map { Root(id: $0, node: root["node"]?.string ?? "") }
    }
  }

  private func records(
    _ root: Root, _ types: Set<RecordType>
  ) -> Exchange<[IdentifiedRecord]> {
    api.read(api.request(.get, "/dns/\(root.id)/record")) { answer throws(ProviderError) in
      guard let elements = answer?["dnsRecords"]?.elements else {
        throw api.lacks("\"dnsRecords\"")
      }
      return .done(
        elements.filter { ($0["nodeName"]?.string ?? "").lowercased() == root.node.lowercased() }
          .compactMap { Self.record(in: $0, types) })
    }
  }

  private static func record(
    in element: JSON.Value, _ types: Set<RecordType>
  ) -> IdentifiedRecord? {
    guard let id = element["id"]?.integer,
      let type = element["recordType"]?.string.flatMap(RecordType.init), types.contains(type)
    else { return nil }
    let text: String? =
      switch type {
      case .a: element["ipv4Address"]?.string
      case .aaaa: element["ipv6Address"]?.string
      case .txt: element["textData"]?.string
      case .srv:
        ["priority", "weight", "port"].map { element[$0]?.integer.map(String.init) ?? "0" }
          .joined(separator: " ") + " \(element["host"]?.string ?? "?")"
      case .https: nil
      }
    guard let value = text.flatMap({ RecordValue($0, type: type) }) else { return nil }
    return IdentifiedRecord(
      id: "\(id)", value: value, ttl: element["ttl"]?.integer.flatMap(UInt32.init(exactly:)))
  }

  private static func body(_ value: RecordValue, _ node: String, _ ttl: UInt32?) -> Tree {
    var members: [(String, Tree)] = [
      ("nodeName", .string(node)), ("recordType", .string(value.type.rawValue)),
      ("ttl", .integer(Int(ttl ?? 120))), ("state", true),
    ]
    switch value {
    case .address(let address):
      members.append(
        (
          address.family == .inet ? "ipv4Address" : "ipv6Address", .string(address.description)
        ))
    case .text(let text): members.append(("textData", .string(text)))
    case .service(let service):
      members += [
        ("host", .string(service.target.text)), ("priority", .integer(Int(service.priority))),
        ("weight", .integer(Int(service.weight))), ("port", .integer(Int(service.port))),
      ]
    case .binding: break
    }
    return .object(members)
  }
}
