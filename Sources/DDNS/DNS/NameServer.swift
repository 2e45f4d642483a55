/// Asks a name server, and reads its answers.
struct NameServer: Sendable {
  /// A name, or an address without brackets.
  let name: String
  var port: UInt16 = 53
  var transport = DNSRequest.Transport.udp
  /// Signs questions; answers must then be signed, too.
  var key: TSIG?
  private let context: ProviderContext

  init(_ name: String, _ context: ProviderContext) {
    self.name = name
    self.context = context
  }

  /// What a server that is authoritative for the name says.
  func published(
    _ record: RecordName, _ types: Set<RecordType>
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    try read(record, types.sorted(), [])
  }

  private func read(
    _ record: RecordName, _ types: [RecordType], _ found: [RecordSet]
  ) throws(ProviderError) -> Exchange<[RecordSet]> {
    guard let type = types.first else { return .done(found) }
    // Recursion isn't desired: the server itself must know.
    var query = message()
    query.questions = [DNSMessage.Question(name: record, type: type.number)]
    return ask(query) { answer throws(ProviderError) in
      let set = try recordSet(record, type, in: answer)
      return try read(record, Array(types.dropFirst()), found + (set.map { [$0] } ?? []))
    }
  }

  private func recordSet(
    _ record: RecordName, _ type: RecordType, in answer: DNSMessage
  ) throws(ProviderError) -> RecordSet? {
    switch answer.code {
    case .success, .unknownName: break
    case .refused:
      throw ProviderError(
        "\(name) refuses to be asked about \(record): it must answer this machine",
        isPermanent: true)
    case let code: throw ProviderError("\(name) answers \(code) when asked about \(record)")
    }
    guard answer.isAuthoritative else {
      throw ProviderError(
        "\(name) isn't authoritative for \(record): state a name server of its zone",
        isPermanent: true)
    }
    let own = answer.answers.filter { $0.name == record && $0.family == DNSClass.internet }
    if let alias = own.first(where: { $0.type == DNSType.cname }) {
      var reader = DNSReader(alias.data)
      let target = (try? reader.name()).map { " of \($0)" } ?? ""
      throw ProviderError(
        "\(record) is an alias (CNAME)\(target), beside which nothing can be published: remove it",
        isPermanent: true)
    }
    // With an alias, NXDOMAIN is said of the name that it stands for.
    if answer.code == .unknownName { return nil }
    let records = own.filter { $0.type == type.number }
    let values = records.compactMap { RecordValue(wire: $0.data, type: type) }
    guard values.count == records.count else {
      throw ProviderError("\(name) has a \(type.rawValue) record of \(record) that is malformed")
    }
    let set = RecordSet(record, type, ttl: records.first?.ttl, values)
    return set.isEmpty ? nil : set
  }

  func message() -> DNSMessage {
    // An attempt's messages may share it: each is answered before the next is sent.
    DNSMessage(identifier: UInt16(truncatingIfNeeded: context.random))
  }

  func ask<Value: Sendable>(
    _ message: DNSMessage, by stated: DNSRequest.Transport? = nil,
    _ next: @escaping @Sendable (DNSMessage) throws(ProviderError) -> Exchange<Value>
  ) -> Exchange<Value> {
    let signed = key?.sign(message.bytes, at: context.time)
    let bytes = signed?.bytes ?? message.bytes
    // Larger datagrams may be lost on the way (RFC 1035, 4.2.1).
    let transport = stated ?? (bytes.count > 512 ? .tcp : self.transport)
    let request = DNSRequest(server: name, port: port, transport: transport, message: bytes)
    return .dns(request) { bytes throws(ProviderError) in
      // Whether a truncated answer's signature covers the rest depends on the server: ask again by TCP.
      if bytes.count >= 12, bytes[2] & 2 != 0 {
        guard transport == .udp else {
          throw ProviderError("\(name) truncates its answer, though asked by TCP")
        }
        return ask(message, by: .tcp, next)
      }
      let answer = try read(bytes, answering: signed)
      guard answer.isAnswer, answer.identifier == message.identifier,
        answer.opcode == message.opcode
      else { throw ProviderError("\(name) answers something else") }
      return try next(answer)
    }
  }

  private func read(
    _ bytes: [UInt8], answering signed: TSIG.Signed?
  ) throws(ProviderError) -> DNSMessage {
    guard let key, let signed else {
      do throws(DNSFault) {
        return try DNSMessage(bytes)
      } catch {
        throw ProviderError("\(name): \(error.sentence)")
      }
    }
    do throws(TSIGFault) {
      return try key.verify(bytes, answering: signed, at: context.time)
    } catch {
      throw ProviderError(error.sentence(key, name))
    }
  }
}
