internal import Addressing
internal import Model

/// A provider that takes updates of addresses, and tells nothing of what it has.
protocol AddressUpdater: HTTPProvider {
  var update: AddressUpdate { get }
}

extension AddressUpdater {
  static func limits(_ settings: ProviderSettings) -> ProviderLimits { AddressUpdate.limits }

  static func ownProblems(
    _ settings: ProviderSettings, for name: RecordName
  ) -> [ProviderProblem] { settings.userProblems }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> { .done([]) }

  func replace(
    _ old: RecordSet?, by new: RecordSet?
  ) throws(ProviderError) -> Exchange<Void> { update.exchange(new) }
}

/// An update as members.dyndns.org has it: a GET whose answer is a word.
struct AddressUpdate: Sendable {
  private var api: WebAPI
  private let path: String
  /// The field for a family's addresses, and one to be left unchanged.
  private let fields: [Family: (own: String, other: String?)]

  /// What providers can do that speak nothing else.
  static let limits: ProviderLimits = {
    var limits = ProviderLimits(types: [.a, .aaaa], most: 1)
    limits.isReadable = false
    limits.canRemove = false
    limits.ttls = nil
    return limits
  }()

  /// The user, whom every such provider asks for.
  static let keys = [
    ProviderKey("user", .text, isRequired: true),
    ProviderKey("password_file", .secretFile, isRequired: true),
  ]

  init(
    _ api: WebAPI, _ settings: ProviderSettings, path: String,
    fields: [Family: (own: String, other: String?)] = [
      .inet: ("myip", nil), .inet6: ("myip", nil),
    ]
  ) throws(ProviderError) {
    (self.api, self.path, self.fields) = (api, path, fields)
    let user = settings.text("user") ?? ""
    let password = try settings.need(secret: "password_file")
    let value = Secret(
      ("Basic " + Base64.text(Array("\(user):".utf8) + password.bytes)).utf8)
    self.api.headers = [HTTPRequest.Field("Authorization", .secret(value))]
    self.api.credentials = "the user or the password of \(settings.text("password_file") ?? "")"
  }

  func exchange(_ new: RecordSet?) -> Exchange<Void> {
    guard let new, let first = new.values.first?.address else { return .done(()) }
    let (own, other) = fields[first.family] ?? ("myip", nil)
    var query = [
      ("hostname", new.name.text),
      (own, new.values.compactMap { $0.address?.description }.joined(separator: ",")),
    ]
    if let other { query.append((other, "no")) }
    let request = api.request(.get, path, query)
    return .http(request) { response throws(ProviderError) in
      // Some say what is wrong with a status of 401 or so, others with 200.
      try judge(response.firstLine, new)
      try api.check(response, of: request)
      guard response.firstLine.hasGoodWord else {
        let said = request.withoutSecrets(response.firstLine).visible(limit: 60)
        throw ProviderError("\(api.title) answers \"\(said)\", which isn't in the protocol")
      }
      return .done(())
    }
  }

  /// The words of the protocol.
  private func judge(_ line: String, _ set: RecordSet) throws(ProviderError) {
    let word = line.split(separator: " ").first.map(String.init) ?? ""
    let title = api.title
    func never(_ message: String) -> ProviderError {
      ProviderError("\(message) (\(word))", isPermanent: true)
    }
    func later(_ message: String, _ pause: Duration) -> ProviderError {
      ProviderError("\(message) (\(word))", retryAfter: pause)
    }
    switch word.lowercased() {
    case "badauth": throw never("\(title) refuses \(api.credentials)")
    case "nohost": throw never("\(title) has no name \"\(set.name)\" in this account")
    case "!yours": throw never("\"\(set.name)\" is another account's at \(title)")
    case "notfqdn": throw never("\"\(set.name)\" is no whole domain name to \(title)")
    case "numhost": throw never("\(title) takes fewer names or addresses at once")
    case "!donator", "!paid": throw never("\(title) wants to be paid for this")
    case "badagent", "badsys": throw never("\(title) doesn't take updates from this program")
    case "unknown": throw never("\(title) doesn't know the request")
    case "abuse": throw later("\(title) has blocked \"\(set.name)\" for abuse", .seconds(3600))
    case "dnserr": throw later("\(title) has a fault in its DNS", .seconds(600))
    case "servererror": throw later("\(title) has a fault", .seconds(300))
    // "Don't send another request for thirty minutes" is the protocol's own word.
    case "911": throw later("\(title) has a fault, and wants to be left alone", .seconds(1800))
    default: return
    }
  }
}

extension String {
  /// `good` and `nochg` of the protocol; ChangeIP says `200 Successful Update`.
  fileprivate var hasGoodWord: Bool {
    let word = split(separator: " ").first?.lowercased()
    return word == "good" || word == "nochg" || word == "200"
  }
}

extension ProviderSettings {
  /// A user's name ends at a colon (RFC 7617, 2).
  var userProblems: [ProviderProblem] {
    guard let user = text("user") else { return [] }
    if user.contains(":") { return [ProviderProblem("user", "must not contain a colon")] }
    if user.isEmpty { return [ProviderProblem("user", "must not be empty")] }
    return []
  }
}
