internal import Model

/// Amazon Route 53 (docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html),
/// signed by Signature Version 4: a set is written as a whole.
struct Route53: HTTPProvider {
  static let name = "route53"
  static let title = "Route 53"
  static let origin: HTTPOrigin? = HTTPOrigin(host: "route53.amazonaws.com")
  static let ownKeys = [
    ProviderKey("access_key_id", .text, isRequired: true),
    ProviderKey("secret_access_key_file", .secretFile, isRequired: true),
    ProviderKey("session_token_file", .secretFile), ProviderKey("zone", .name),
    ProviderKey("zone_id", .text), ProviderKey("region", .text),
  ]

  private var api: WebAPI
  private let signature: SignatureV4
  private let sessionToken: Secret?
  private let zone: RecordName?
  private let zoneID: String?

  private static let version = "/2013-04-01"

  static func limits(_ settings: ProviderSettings) -> ProviderLimits {
    ProviderLimits(types: Set(RecordType.allCases), most: 400)
  }

  static func ownProblems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem] {
    var problems: [ProviderProblem] = []
    let isSound = settings.text("zone_id")?.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5a).contains($0)
    }
    if isSound == false {
      problems.append(
        ProviderProblem("zone_id", "is no zone's id; write one such as \"Z1PA6795UKMFR9\""))
    }
    return problems
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    api = Self.api(settings)
    api.credentials = "the access key \(settings.text("access_key_id") ?? "")"
    api.explanation = { response in
      let text = XMLText(response.body)
      return text.first("Message") ?? text.first("Code")
    }
    signature = SignatureV4(
      accessKey: settings.text("access_key_id") ?? "",
      secretKey: try settings.need(secret: "secret_access_key_file"),
      region: settings.text("region") ?? "us-east-1", service: "route53", time: context.time)
    sessionToken = settings.secret("session_token_file")
    zone = settings.name("zone")
    zoneID = settings.text("zone_id")
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    try id(of: zone.map { [$0] } ?? name.zones).then { id throws(ProviderError) in
      try sets(id, name).then { .done($0.filter { types.contains($0.type) }) }
    }
  }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> {
    guard let set = new ?? old else { return .done(()) }
    let action: String
    let whole: RecordSet
    if let new, !new.isEmpty {
      (action, whole) = ("UPSERT", new)
    } else if let old, !old.isEmpty {
      // It must name the set as it is.
      (action, whole) = ("DELETE", old)
    } else {
      return .done(())
    }
    let records = whole.values.map {
      "<ResourceRecord><Value>\($0.text.escaped)</Value></ResourceRecord>"
    }
    let body =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      + "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"
      + "<ChangeBatch><Changes><Change><Action>\(action)</Action><ResourceRecordSet>"
      + "<Name>\(set.name.absolute.escaped)</Name><Type>\(set.type.rawValue)</Type>"
      + "<TTL>\(whole.ttl ?? 300)</TTL><ResourceRecords>\(records.joined())</ResourceRecords>"
      + "</ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
    return try id(of: zone.map { [$0] } ?? set.name.zones).then { id throws(ProviderError) in
      let request = signed(.post, "\(Self.version)/hostedzone/\(id)/rrset", body: body)
      return .http(request) { response throws(ProviderError) in
        try check(response, of: request)
        return .done(())
      }
    }
  }

  private func signed(
    _ method: HTTPRequest.Method, _ path: String, _ query: [(String, String)] = [],
    body: String = ""
  ) -> HTTPRequest {
    var request = api.request(method, path, query)
    request.headers = [HTTPRequest.Field("User-Agent", .plain(WebAPI.agent))]
    request.body = Array(body.utf8)
    if !body.isEmpty { request.headers.append(HTTPRequest.Field("Content-Type", "text/xml")) }
    return signature.sign(request, sessionToken: sessionToken)
  }

  /// Of the innermost public zone that has the name.
  private func id(of candidates: [RecordName]) throws(ProviderError) -> Exchange<String> {
    if let zoneID { return .done(zoneID) }
    guard let candidate = candidates.first else {
      throw ProviderError(
        "Route 53 has no public zone for this name, or \(api.credentials) may not see it",
        isPermanent: true)
    }
    let request = signed(
      .get, "\(Self.version)/hostedzonesbyname",
      [("dnsname", candidate.text), ("maxitems", "10")])
    return .http(request) { response throws(ProviderError) in
      try check(response, of: request)
      for element in XMLText(response.body).all("HostedZone") {
        let text = XMLText(element)
        guard text.first("Name").flatMap(RecordName.init) == candidate,
          text.first("PrivateZone") != "true", let id = text.first("Id")
        else { continue }
        return .done(id.split(separator: "/").last.map(String.init) ?? id)
      }
      return try self.id(of: Array(candidates.dropFirst()))
    }
  }

  private func sets(_ zone: String, _ name: RecordName) throws(ProviderError) -> Exchange<
    [RecordSet]
  > {
    // They are sorted by name: those of this one come first.
    let request = signed(
      .get, "\(Self.version)/hostedzone/\(zone)/rrset", [("maxitems", "100"), ("name", name.text)])
    return .http(request) { response throws(ProviderError) in
      try check(response, of: request)
      var sets: [RecordSet] = []
      for element in XMLText(response.body).all("ResourceRecordSet") {
        let text = XMLText(element)
        guard text.first("Name")?.withoutOctal == name.absolute,
          let type = text.first("Type").flatMap(RecordType.init)
        else { continue }
        if text.first("SetIdentifier") != nil || text.first("AliasTarget") != nil {
          throw ProviderError(
            "\"\(name)\" has a \(type.rawValue) set with a routing policy or an alias at Route 53, "
              + "which isn't touched", isPermanent: true)
        }
        let values = text.all("Value").compactMap {
          RecordValue(String(decoding: $0, as: UTF8.self).unescaped, type: type)
        }
        sets.append(
          RecordSet(name, type, ttl: text.first("TTL").flatMap { UInt32($0) }, values))
      }
      return .done(sets)
    }
  }

  /// Throttling has a status of 400.
  private func check(
    _ response: HTTPResponse, of request: HTTPRequest
  ) throws(ProviderError) {
    let code = response.isSuccess ? nil : XMLText(response.body).first("Code")
    switch code {
    case "Throttling", "PriorRequestNotComplete":
      throw ProviderError(
        "Route 53 takes no more requests for now (\(code!))",
        retryAfter: response.retryAfter ?? .seconds(5))
    case "RequestExpired", "SignatureDoesNotMatch", "RequestTimeTooSkewed":
      let said = api.explanation(response).map { request.withoutSecrets($0) } ?? ""
      throw ProviderError(
        "Route 53 refuses the signature: is the secret key right, and the clock? (\(code!): "
          + "\(said.visible(limit: 120)))", isPermanent: true)
    default: try api.check(response, of: request)
    }
  }
}

/// As much of XML as Route 53 writes: elements that don't contain themselves.
struct XMLText {
  private let bytes: ArraySlice<UInt8>

  init(_ bytes: some Collection<UInt8>) { self.bytes = Array(bytes)[...] }

  /// The content of the first such element.
  func first(_ name: String) -> String? {
    all(name, atMost: 1).first.map { String(decoding: $0, as: UTF8.self).unescaped }
  }

  /// The content of each such element, in order.
  func all(_ name: String, atMost most: Int = .max) -> [ArraySlice<UInt8>] {
    var found: [ArraySlice<UInt8>] = []
    var rest = bytes
    let (opening, closing) = (Array("<\(name)".utf8), Array("</\(name)>".utf8))
    while found.count < most, let start = rest.firstPlace(of: opening) {
      rest = rest[(start + opening.count)...]
      // `<Name>` or `<Name attribute="">`, not `<NameServers>`.
      guard let next = rest.first, next == UInt8(ascii: ">") || next == UInt8(ascii: " ") else {
        continue
      }
      guard let bracket = rest.firstIndex(of: UInt8(ascii: ">")),
        let end = rest[bracket...].firstPlace(of: closing)
      else { break }
      found.append(rest[(bracket + 1)..<end])
      rest = rest[end...]
    }
    return found
  }
}

extension ArraySlice<UInt8> {
  fileprivate func firstPlace(of text: [UInt8]) -> Int? {
    guard let first = text.first else { return nil }
    var rest = self
    while let place = rest.firstIndex(of: first) {
      rest = rest[place...]
      if rest.starts(with: text) { return place }
      rest = rest.dropFirst()
    }
    return nil
  }
}

extension String {
  /// For the content of an XML element.
  fileprivate var escaped: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  fileprivate var unescaped: String {
    replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
      .replacing("&apos;", with: "'").replacing("&amp;", with: "&")
  }

  /// Route 53 writes `*` in names as `\052`.
  fileprivate var withoutOctal: String { replacing("\\052", with: "*") }
}
