/// A name server that takes updates: bind9, Knot, PowerDNS, Windows (RFC 2136), signed with TSIG.
///
/// Each update requires that the records are still those that were read: of two writers, the second
/// is refused, reads again, and doesn't undo what the first has done unknowingly.
struct RFC2136: Provider {
  static let name = "rfc2136"
  static let keys = [
    ProviderKey("server", .host, isRequired: true, hint: ", the zone's primary server"),
    ProviderKey("port", .port),
    ProviderKey("zone", .name, isRequired: true, hint: ", such as \"example.org\""),
    ProviderKey("transport", .word(DNSRequest.Transport.allCases.map(\.rawValue))),
    ProviderKey("key_file", .secretFile),
    ProviderKey("key_name", .name),
    ProviderKey("algorithm", .word(TSIG.Algorithm.allCases.map(\.rawValue))),
  ]

  private let zone: RecordName
  private let server: NameServer

  static func limits(_ settings: ProviderSettings) -> ProviderLimits { ProviderLimits() }

  static func problems(_ settings: ProviderSettings, for name: RecordName) -> [ProviderProblem] {
    var problems: [ProviderProblem] = []
    if let zone = settings.name("zone"), !name.isIn(zone) {
      problems.append(ProviderProblem("zone", "\"\(name)\" is not in the zone \"\(zone)\""))
    }
    for key in ["key_name", "algorithm"] where settings.has(key) && !settings.has("key_file") {
      problems.append(ProviderProblem(key, "\"\(key)\" needs \"key_file\""))
    }
    return problems
  }

  init(_ settings: ProviderSettings, _ context: ProviderContext) throws(ProviderError) {
    guard let zone = settings.name("zone"), let server = settings.text("server") else {
      throw ProviderError("it has no server or no zone", isPermanent: true)
    }
    self.zone = zone
    var asked = NameServer(server, context)
    asked.port = UInt16(clamping: settings.number("port") ?? 53)
    asked.transport = settings.text("transport").flatMap(DNSRequest.Transport.init) ?? .udp
    asked.key = try Self.key(settings)
    self.server = asked
  }

  private static func key(_ settings: ProviderSettings) throws(ProviderError) -> TSIG? {
    guard let secret = settings.secret("key_file") else { return nil }
    let file = try KeyFile(secret)
    guard let name = settings.name("key_name") ?? file.name else {
      throw ProviderError(
        "the key's file doesn't name it: state \"key_name\"", isPermanent: true)
    }
    let algorithm = settings.text("algorithm").flatMap(TSIG.Algorithm.init)
    return TSIG(keyName: name, algorithm: algorithm ?? file.algorithm ?? .sha256, key: file.key)
  }

  func published(
    _ name: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> { try server.published(name, types) }

  func replace(_ old: RecordSet?, by new: RecordSet?) throws(ProviderError) -> Exchange<Void> {
    server.ask(update(old, new)) { answer throws(ProviderError) in
      let set = (new ?? old).map { "\($0)" } ?? ""
      switch answer.code {
      case .success: return .done(())
      case .setExists, .setMissing, .nameExists, .unknownName:
        throw ProviderError(
          "\(set) was changed by somebody else at the same time (\(answer.code)): it is read again")
      case .notAuthorized:
        throw ProviderError(
          "\(server.name) isn't authoritative for the zone \(zone) (NOTAUTH)", isPermanent: true)
      case .notInZone:
        throw ProviderError("\(set) isn't in the zone \(zone) (NOTZONE)", isPermanent: true)
      case .refused:
        throw ProviderError(
          "\(server.name) refuses the update of \(set): its update-policy or allow-update must admit "
            + (server.key.map { "the key \($0.keyName)" } ?? "this machine, which has no key_file"),
          isPermanent: true)
      case let code: throw ProviderError("\(server.name) answers \(code) to the update of \(set)")
      }
    }
  }

  /// One message, which the server carries out as a whole or not at all.
  func update(_ old: RecordSet?, _ new: RecordSet?) -> DNSMessage {
    var update = server.message()
    update.flags = 5 << 11
    update.questions = [DNSMessage.Question(name: zone, type: DNSType.soa)]
    guard let known = new ?? old else { return update }
    func record(_ family: UInt16, ttl: UInt32 = 0, _ data: [UInt8] = []) -> DNSMessage.Record {
      DNSMessage.Record(
        name: known.name, type: known.type.number, family: family, ttl: ttl, data: data)
    }
    // RFC 2136, 2.4: the set is as it was read.
    if let old, !old.isEmpty {
      update.answers = old.values.map { record(DNSClass.internet, $0.wire) }
    } else {
      update.answers = [record(DNSClass.none)]
    }
    // 2.5: the set is deleted, and the new one added, so that a TTL changes too.
    update.authorities = [record(DNSClass.any)]
    update.authorities += (new?.values ?? []).map {
      record(DNSClass.internet, ttl: new?.ttl ?? 60, $0.wire)
    }
    return update
  }
}
