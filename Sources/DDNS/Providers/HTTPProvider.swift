internal import Addressing
internal import JSON
internal import Model

/// A provider that is asked over HTTP. Its object in the state file has, besides its own keys, those
/// that say how it is reached.
protocol HTTPProvider: Provider {
  /// What messages call it: `Cloudflare`.
  static var title: String { get }
  /// Where its requests go unless the file says something else; nil: the file must say it.
  static var origin: HTTPOrigin? { get }
  static var ownKeys: [ProviderKey] { get }
  /// What is wrong with its own settings, beyond what each key's form says.
  static func ownProblems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem]
}

extension HTTPProvider {
  static func ownProblems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem] { [] }

  static var keys: [ProviderKey] {
    ownKeys + [
      ProviderKey("url", .url, isRequired: origin == nil, hint: ", where its requests go"),
      ProviderKey("ca_file", .file), ProviderKey("source", .text), ProviderKey("link", .text),
      ProviderKey("mark", .text),
    ]
  }

  static func problems(_ settings: ProviderSettings, for name: RecordName) -> [ProviderProblem] {
    var problems = settings.zoneProblems(for: name) + ownProblems(settings, for: name)
    if let text = settings.text("source"), IPAddress(text) == nil {
      problems.append(ProviderProblem("source", "is no address; write one such as \"192.0.2.1\""))
    }
    if let text = settings.text("link"), LinkName(text) == nil {
      problems.append(ProviderProblem("link", "is no link's name"))
    }
    if let text = settings.text("mark"), Mark(text)?.mask != .max {
      problems.append(
        ProviderProblem("mark", "is no whole mark; write one such as \"0x1900\""))
    }
    if let origin = settings.origin("url"), !origin.isSecure, settings.has("ca_file") {
      problems.append(
        ProviderProblem("ca_file", "is for \"https\": this \"url\" has no certificate"))
    }
    return problems
  }

  static func api(_ settings: ProviderSettings) -> WebAPI {
    var origin = settings.origin("url") ?? Self.origin ?? HTTPOrigin(host: "")
    origin.authorities = settings.text("ca_file")
    origin.source = settings.text("source").flatMap { IPAddress($0) }
    origin.link = settings.text("link").flatMap { LinkName($0) }
    origin.mark = settings.text("mark").flatMap { Mark($0) }
    return WebAPI(title: title, origin: origin)
  }
}

extension ProviderSettings {
  /// What the file under a required key holds.
  func need(secret key: String) throws(ProviderError) -> Secret {
    guard let secret = secret(key) else {
      throw ProviderError("\"\(key)\" hasn't been read", isPermanent: true)
    }
    return secret
  }
}

/// Makes requests to a provider, and reads what its answers mean.
struct WebAPI: Sendable {
  let title: String
  var origin: HTTPOrigin
  /// The headers of each request: who we are.
  var headers: [HTTPRequest.Field] = []
  /// What a refusal of our credentials most likely means: `the token of /etc/vpn-gateway/token`.
  var credentials = "the credentials"
  /// Finds the provider's own sentence in an unsuccessful answer.
  var explanation: @Sendable (HTTPResponse) -> String? = { _ in nil }

  init(title: String, origin: HTTPOrigin) {
    self.title = title
    self.origin = origin
  }

  /// With `Authorization: Bearer TOKEN`, or another header that holds the token.
  mutating func authorize(
    _ settings: ProviderSettings, key: String, header: String = "Authorization",
    prefix: String = "Bearer "
  ) throws(ProviderError) {
    let token = try settings.need(secret: key)
    headers.append(HTTPRequest.Field(header, .secret(token.map { prefix + $0 })))
    credentials = "the token of \(settings.text(key) ?? key)"
  }

  func request(
    _ method: HTTPRequest.Method, _ path: String, _ query: [(String, String)] = [],
    json: Tree? = nil
  ) -> HTTPRequest {
    var request = HTTPRequest(method, origin, path)
    request.query = query.map { HTTPRequest.Field($0.0, .plain($0.1)) }
    request.headers =
      headers + [
        HTTPRequest.Field("Accept", "application/json"),
        HTTPRequest.Field("User-Agent", .plain(Self.agent)),
      ]
    if let json {
      request.headers.append(HTTPRequest.Field("Content-Type", "application/json"))
      request.body = Array(json.compact.utf8)
    }
    return request
  }

  /// Some providers refuse requests without one.
  static let agent = "vpngw"

  /// Sends a request whose success is all that matters.
  func send(_ request: HTTPRequest) -> Exchange<Void> {
    .http(request) { response throws(ProviderError) in
      try check(response, of: request)
      return .done(())
    }
  }

  /// Sends a request whose answer is JSON. `then` gets nil for a status that is no error though
  /// there is nothing to read.
  func read<Value>(
    _ request: HTTPRequest, absentAt absent: Set<Int> = [],
    _ then: @escaping @Sendable (JSON.Value?) throws(ProviderError) -> Exchange<Value>
  ) -> Exchange<Value> {
    .http(request) { response throws(ProviderError) in
      if absent.contains(response.status) { return try then(nil) }
      try check(response, of: request)
      let document: Document
      do throws(SyntaxError) {
        document = try Document(response.body)
      } catch {
        throw ProviderError("\(title) doesn't answer in JSON")
      }
      defer { withExtendedLifetime(document) {} }
      return try then(document.root)
    }
  }

  /// Asks about one zone after another, until `read` finds that it is there.
  func zone<Zone: Sendable>(
    _ candidates: [RecordName], _ ask: @escaping @Sendable (RecordName) -> HTTPRequest,
    _ find: @escaping @Sendable (RecordName, JSON.Value) throws(ProviderError) -> Zone?
  ) throws(ProviderError) -> Exchange<Zone> {
    guard let candidate = candidates.first else {
      throw ProviderError(
        "\(title) has no zone for this name, or \(credentials) may not see it", isPermanent: true)
    }
    return read(ask(candidate), absentAt: [404]) { root throws(ProviderError) in
      if let root, let zone = try find(candidate, root) { return .done(zone) }
      return try self.zone(Array(candidates.dropFirst()), ask, find)
    }
  }

  /// What an answer lacks that it must have by the provider's documentation.
  func lacks(_ what: String) -> ProviderError { ProviderError("\(title)'s answer has no \(what)") }

  func check(_ response: HTTPResponse, of request: HTTPRequest) throws(ProviderError) {
    if response.isSuccess { return }
    let said = explanation(response).map { request.withoutSecrets($0) } ?? ""
    throw failure(response, said.isEmpty ? "" : ": \(said.visible(limit: 200))")
  }

  private func failure(_ response: HTTPResponse, _ said: String) -> ProviderError {
    let status = response.status
    switch status {
    case 300...399:
      return ProviderError(
        "\(title) redirects (\(status)), which isn't followed: is \"url\" right?",
        isPermanent: true)
    case 401, 403:
      return ProviderError("\(title) refuses \(credentials) (\(status))\(said)", isPermanent: true)
    case 429:
      return ProviderError(
        "\(title) takes no more requests for now (429)\(said)",
        retryAfter: response.retryAfter ?? .seconds(60))
    case 500...599:
      return ProviderError(
        "\(title) has a fault (\(status))\(said)", retryAfter: response.retryAfter)
    case 409:
      return ProviderError("\(title) is at odds with another change (409)\(said)")
    default:
      return ProviderError("\(title) refuses the request (\(status))\(said)", isPermanent: true)
    }
  }
}

extension HTTPResponse {
  /// In seconds; RFC 9110, 10.2.3, also allows a date, which no provider sends.
  var retryAfter: Duration? {
    guard let text = header("Retry-After"), let seconds = Double(text), seconds >= 0 else {
      return nil
    }
    return .seconds(min(seconds.rounded(.up), 86_400))
  }

  /// The text at one of these paths in the body's JSON; a number counts elements.
  func text(at paths: String...) -> String? {
    guard let document = try? Document(body) else { return nil }
    defer { withExtendedLifetime(document) {} }
    for path in paths {
      var value: JSON.Value? = document.root
      for part in path.split(separator: "/") {
        value = Int(part).map { value?[$0] } ?? value?[String(part)]
      }
      if let text = value?.string, !text.isEmpty { return text }
    }
    return nil
  }

  /// The first line of a body of text.
  var firstLine: String {
    let start = body.split(whereSeparator: { $0 == 10 || $0 == 13 }).first ?? []
    return String(decoding: start, as: UTF8.self)
  }
}

extension HTTPRequest {
  /// Without whatever secret of ours a server may repeat.
  func withoutSecrets(_ text: String) -> String {
    var text = text
    for field in headers + query {
      guard case .secret(let secret) = field.value else { continue }
      let words = [secret.text] + secret.text.split(separator: " ").map(String.init)
      for word in words where word.utf8.count >= 4 {
        text = text.replacing(word, with: "<secret>").replacing(
          Self.encoded(word), with: "<secret>")
      }
    }
    return text
  }

  /// With what isn't unreserved as %XX (RFC 3986, 2.3).
  static func encoded(_ text: some StringProtocol) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        encoded.unicodeScalars.append(UnicodeScalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += (byte < 16 ? "%0" : "%") + digits
      }
    }
    return encoded
  }

  /// The path and the query of the request line, with secrets.
  public var revealedTarget: String {
    let target = origin.path + path
    let fields = query.map { Self.encoded($0.name) + "=" + Self.encoded($0.value.revealed) }
    return (target.hasPrefix("/") ? target : "/" + target)
      + (fields.isEmpty ? "" : "?" + fields.joined(separator: "&"))
  }
}

extension RecordName {
  /// The names of zones that it may be in, longest first; a name of one label only itself.
  var zones: [RecordName] {
    let labels = labels
    return labels.indices.dropLast(labels.count > 1 ? 1 : 0).compactMap { first in
      RecordName(labels[first...].joined(separator: "."))
    }
  }
}
