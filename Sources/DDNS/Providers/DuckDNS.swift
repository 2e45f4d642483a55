internal import Addressing

/// Duck DNS (www.duckdns.org/spec.jsp): one address of each family, and one text.
struct DuckDNS: HTTPProvider {
  static let name = "duckdns"
  static let title = "Duck DNS"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "www.duckdns.org")
  static let ownKeys = [
    ProviderKey("token_file", .secretFile, isRequired: true, hint: ", with the account's token"),
    .nameServer,
  ]

  private var api: WebAPI
  private let token: Secret

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    var limits = AddressUpdate.limits
    limits.types = [.a, .aaaa, .txt]
    return limits
  }

  static func ownProblems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem] {
    if domain(of: name) != nil { return [] }
    let message = "\"\(name)\" is no name at Duck DNS: they end in \".duckdns.org\""
    return [ProviderProblem(nil, message)]
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    api = Self.api(settings)
    token = try settings.need(secret: "token_file")
    api.credentials = "the token of \(settings.text("token_file") ?? "token_file")"
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> { .done([]) }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> {
    guard let new, let value = new.values.first else { return .done(()) }
    guard let domain = Self.domain(of: new.name) else {
      throw ProviderError("\"\(new.name)\" is no name at Duck DNS", isPermanent: true)
    }
    var request = api.request(.get, "/update", [("domains", domain)])
    request.query.append(HTTPRequest.Field("token", .secret(token)))
    switch value {
    case .address(let address):
      // With `ipv6` alone, Duck DNS leaves the IPv4 address as it is.
      let key = address.family == .inet ? "ip" : "ipv6"
      request.query.append(HTTPRequest.Field(key, .plain(address.description)))
    case .text(let text): request.query.append(HTTPRequest.Field("txt", .plain(text)))
    case .service, .binding: return .done(())
    }
    let sent = request
    return .http(sent) { response throws(ProviderError) in
      try api.check(response, of: sent)
      switch response.firstLine {
      case "OK": return .done(())
      // It says no more.
      case "KO":
        throw ProviderError(
          "Duck DNS refuses \(api.credentials), or has no name \"\(domain)\" in its account (KO)",
          isPermanent: true)
      default: throw ProviderError("Duck DNS answers neither OK nor KO")
      }
    }
  }

  /// The label before `duckdns.org`; names below it are the same to Duck DNS.
  private static func domain(of name: RecordName) -> String? {
    let labels = name.labels
    guard labels.count >= 3, labels.suffix(2) == ["duckdns", "org"] else { return nil }
    return labels[labels.count - 3]
  }
}
