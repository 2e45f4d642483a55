import Addressing
import Testing

@testable import DDNS

/// What a zone's name server says of records whose provider can't be asked.
struct NameServerTests {
  private static let context = ProviderContext(time: 0, random: 7)

  private func attempt() throws -> Exchange<PublicationReport> {
    let publication = Publication(
      "home", vpn, .addresses([.a]),
      provider: settings(
        DynDNS2.self, ["user": .text("me"), "name_server": .text("ns1.example.org")]))
    let attempt = Attempt(
      values: [.a: [RecordValue("198.51.100.7", type: .a)!]], assumed: [], mayWrite: true,
      isForced: false)
    let provider = try DynDNS2(publication.provider, Self.context)
    return try publication.exchange(attempt, with: provider, Self.context)
  }

  /// What the server is asked, as a message.
  private func question(_ exchange: Exchange<PublicationReport>) throws -> (
    DNSRequest, DNSMessage, @Sendable (Answer) throws(ProviderError) -> Exchange<PublicationReport>
  ) {
    guard case .ask(.dns(let request), let next) = exchange else {
      throw ProviderError("asks nothing by DNS")
    }
    return (request, try DNSMessage(request.message), next)
  }

  private func answer(
    _ message: DNSMessage, flags: UInt16 = 0x8400, _ addresses: String...
  ) -> Answer {
    var answer = message
    answer.flags = flags
    answer.answers = addresses.map {
      DNSMessage.Record(
        name: vpn, type: 1, ttl: 60, data: RecordValue($0, type: .a)!.wire)
    }
    return .dns(answer.bytes)
  }

  @Test func whatIsPublishedAlreadyIsNotWritten() throws {
    let (request, message, next) = try question(attempt())
    #expect(request.server == "ns1.example.org" && request.port == 53)
    #expect(message.questions == [DNSMessage.Question(name: vpn, type: 1)] && message.flags == 0)
    guard case .done(let report) = try next(answer(message, "198.51.100.7")) else {
      Issue.record("asks more")
      return
    }
    #expect(!report.isWritten && report.changes.isEmpty)
  }

  @Test func whatDiffersIsWritten() throws {
    let (_, message, next) = try question(attempt())
    let report = try converse(
      try next(answer(message, "192.0.2.66")),
      [
        (
          "GET https://members.dyndns.org/nic/update?hostname=vpn.example.org&myip=198.51.100.7",
          json("good 198.51.100.7")
        )
      ])
    #expect(report.isWritten)
    #expect(report.changes[0].removed.map(\.text) == ["192.0.2.66"])
  }

  /// A resolver's memory may be old: what is right would be written again and again.
  @Test(arguments: [0x8080, 0x8083] as [UInt16]) func aResolverIsNotBelieved(_ flags: UInt16) throws
  {
    let (_, message, next) = try question(attempt())
    let error = #expect(throws: ProviderError.self) { try next(answer(message, flags: flags)) }
    #expect(
      error?.message
        == "ns1.example.org isn't authoritative for vpn.example.org: state a name server of its zone"
    )
  }

  @Test func aTruncatedAnswerIsAskedForByTCP() throws {
    let (first, message, next) = try question(attempt())
    let (second, _, again) = try question(next(answer(message, flags: 0x8600)))
    #expect(first.transport == .udp && second.transport == .tcp)
    let error = #expect(throws: ProviderError.self) { try again(answer(message, flags: 0x8600)) }
    #expect(error?.message == "ns1.example.org truncates its answer, though asked by TCP")
  }
}
