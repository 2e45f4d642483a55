import Addressing
import JSON
import Testing

@testable import DDNS

/// Providers that take updates and read nothing, and the webhook.
struct UpdateProviderTests {
  private static let user: [String: ProviderSettings.Setting] = ["user": .text("me")]
  private static let update =
    "GET https://members.dyndns.org/nic/update?hostname=vpn.example.org&myip="

  @Test(arguments: ["good 198.51.100.7", "nochg 198.51.100.7\r\n", "good"])
  func dyndns2IsContent(_ answer: String) throws {
    try converse(
      try provider(DynDNS2.self, Self.user).replace(nil, by: set(.a, "198.51.100.7")),
      [(Self.update + "198.51.100.7", json(answer))]
    ) {
      // me:canary-password_file
      #expect($0.sent("Authorization") == "Basic bWU6Y2FuYXJ5LXBhc3N3b3JkX2ZpbGU=")
      #expect($0.sent("User-Agent") == "vpngw")
    }
  }

  @Test(
    arguments: [
      (
        "badauth", 401, "refuses the user or the password of /keys/password_file (badauth)", true,
        nil
      ),
      ("nohost", 200, "has no name \"vpn.example.org\" in this account (nohost)", true, nil),
      (
        "notfqdn", 200, "\"vpn.example.org\" is no whole domain name to the server (notfqdn)", true,
        nil
      ),
      ("!donator", 200, "wants to be paid for this (!donator)", true, nil),
      ("badagent", 200, "doesn't take updates from this program (badagent)", true, nil),
      ("abuse", 200, "has blocked \"vpn.example.org\" for abuse (abuse)", false, 3600),
      ("911", 200, "has a fault, and wants to be left alone (911)", false, 1800),
      ("dnserr", 200, "has a fault in its DNS (dnserr)", false, 600),
      ("<html>", 200, "the server answers \"<html>\", which isn't in the protocol", false, nil),
      ("", 500, "the server has a fault (500)", false, nil),
    ] as [(String, Int, String, Bool, Int?)])
  func dyndns2Refuses(
    _ answer: String, _ status: Int, _ sentence: String, _ isPermanent: Bool, _ pause: Int?
  ) throws {
    let error = failure(
      try provider(DynDNS2.self, Self.user).replace(nil, by: set(.a, "198.51.100.7")),
      [(Self.update + "198.51.100.7", json(answer, status))])
    #expect(error?.message.hasSuffix(sentence) == true, "\(error?.message ?? "no error")")
    #expect(error?.isPermanent == isPermanent)
    #expect(error?.retryAfter == pause.map { .seconds($0) })
  }

  @Test func anotherServerAndPathCanBeStated() throws {
    let values: [String: ProviderSettings.Setting] = [
      "user": .text("me"), "path": .text("/v3/update"),
      "url": .origin(HTTPOrigin(isSecure: false, host: "2001:db8::5", port: 8080)),
      "mark": .text("0x1900"), "source": .text("2001:db8::9"), "link": .text("eth0"),
    ]
    try converse(
      try provider(DynDNS2.self, values).replace(nil, by: set(.aaaa, "2001:db8::7")),
      [
        (
          "GET http://[2001:db8::5]:8080/v3/update?hostname=vpn.example.org&myip=2001%3Adb8%3A%3A7",
          json("good")
        )
      ]
    ) {
      #expect($0.origin.mark?.bits == 0x1900)
      #expect($0.origin.source?.description == "2001:db8::9")
      #expect($0.origin.link?.text == "eth0")
    }
  }

  @Test func dynusUpdateLeavesTheOtherFamilyAlone() throws {
    let start = "GET https://api.dynu.com/nic/update?hostname=vpn.example.org&"
    try converse(
      try provider(DynuUpdate.self, Self.user).replace(nil, by: set(.a, "198.51.100.7")),
      [(start + "myip=198.51.100.7&myipv6=no", json("good 198.51.100.7"))])
    try converse(
      try provider(DynuUpdate.self, Self.user).replace(nil, by: set(.aaaa, "2001:db8::7")),
      [(start + "myipv6=2001%3Adb8%3A%3A7&myip=no", json("good"))])
  }

  @Test func changeIPStatesAllAddresses() throws {
    try converse(
      try provider(ChangeIP.self, Self.user).replace(
        nil, by: set(.a, "198.51.100.7", "198.51.100.8")),
      [
        (
          "GET https://nic.changeip.com/nic/update?hostname=vpn.example.org&myip=198.51.100.7%2C198.51.100.8",
          json("200 Successful Update")
        )
      ])
    let limits = ChangeIP.limits(settings(ChangeIP.self, Self.user))
    #expect((limits.most, limits.canRemove, limits.isReadable) == (nil, false, false))
  }

  @Test func duckDNSHasItsOwnWords() throws {
    let home = "home.duckdns.org"
    func update(_ answer: String) -> [(request: String, response: HTTPResponse)] {
      [
        (
          "GET https://www.duckdns.org/update?domains=home&token=canary-token_file&ip=198.51.100.7",
          json(answer)
        )
      ]
    }
    let wanted = set(.a, "198.51.100.7", named: home, ttl: nil)
    try converse(try provider(DuckDNS.self).replace(nil, by: wanted), update("OK"))
    #expect(
      failure(try provider(DuckDNS.self).replace(nil, by: wanted), update("KO"))
        == ProviderError(
          "Duck DNS refuses the token of /keys/token_file, or has no name \"home\" in its account (KO)",
          isPermanent: true))
    try converse(
      try provider(DuckDNS.self).replace(nil, by: set(.txt, "\"port=4242\"", named: home)),
      [
        (
          "GET https://www.duckdns.org/update?domains=home&token=canary-token_file&txt=port%3D4242",
          json("OK")
        )
      ])
    #expect(
      DuckDNS.problems(settings(DuckDNS.self), for: vpn).map(\.message) == [
        "\"vpn.example.org\" is no name at Duck DNS: they end in \".duckdns.org\""
      ])
    #expect(DuckDNS.problems(settings(DuckDNS.self), for: RecordName("a.home.duckdns.org")!) == [])
  }

  @Test func theWebhookGetsTheWholeSet() throws {
    let values: [String: ProviderSettings.Setting] = [
      "url": .origin(HTTPOrigin(host: "hook.example.net", path: "/ddns")), "reads": .flag(true),
      "token_file": .text(""), "headers": .table(["X-Team": "canary-header"]),
    ]
    let read = try converse(
      try provider(Webhook.self, values).published(vpn, [.a, .aaaa]),
      [
        (
          "GET https://hook.example.net/ddns?name=vpn.example.org&type=A%2CAAAA",
          json(
            #"[{ "type": "A", "ttl": 60, "values": ["198.51.100.7"] }, { "type": "AAAA", "values": [] }]"#
          )
        )
      ]
    ) {
      #expect($0.sent("Authorization") == "Bearer canary-token_file")
      #expect($0.sent("X-Team") == "canary-header")
    }
    #expect(read == [set(.a, "198.51.100.7")])
    try converse(
      try provider(Webhook.self, values).replace(read[0], by: set(.a, "198.51.100.8", ttl: 30)),
      [
        (
          "POST https://hook.example.net/ddns\n"
            + #"{"name":"vpn.example.org","type":"A","ttl":30,"values":["198.51.100.8"],"old":["198.51.100.7"]}"#,
          HTTPResponse(status: 204)
        )
      ])
    #expect(
      failure(
        try provider(Webhook.self, values).replace(read[0], by: nil),
        [
          (
            "POST https://hook.example.net/ddns\n"
              + #"{"name":"vpn.example.org","type":"A","values":[],"old":["198.51.100.7"]}"#,
            json("no such zone, says canary-header", 404)
          )
        ])
        == ProviderError(
          "the webhook refuses the request (404): no such zone, says <secret>", isPermanent: true))
  }

  /// No provider shows a secret in what it makes of an answer that repeats everything.
  @Test(arguments: Providers.all.map { $0.name })
  func noErrorShowsASecret(_ name: String) throws {
    let type = try #require(Providers.named(name))
    try Self.check(type)
  }

  private static func check<P: Provider>(_ type: P.Type) throws {
    let values: [String: ProviderSettings.Setting] = [
      "user": .text("me"), "url": .origin(HTTPOrigin(host: "example.net")),
      "access_key_id": .text("AKIDEXAMPLE"), "command": .texts(["/x"]),
      "session_token_file": .text(""), "token_file": .text(""), "reads": .flag(true),
      "headers": .table(["X-Key": "canary-header"]), "server": .text("192.0.2.53"),
      "zone": .name(RecordName("duckdns.org")!),
    ]
    let name = RecordName("home.duckdns.org")!
    for status in [200, 301, 400, 401, 403, 404, 409, 429, 500] {
      for body in [
        "ALL", "{ \"message\": \"ALL\", \"errors\": [{ \"message\": \"ALL\" }] }",
        "<Message>ALL</Message>",
      ] {
        let exchange = try provider(type, values).replace(
          nil, by: RecordSet(name, .a, ttl: 60, [RecordValue("192.0.2.1", type: .a)!]))
        guard case .ask(.http(let request), let next) = exchange else { continue }
        let repeated =
          request.headers.map(\.value.revealed).joined(separator: ", ") + request.revealedTarget
        let answer = json(body.replacing("ALL", with: repeated), status)
        do throws(ProviderError) {
          _ = try next(.http(answer))
        } catch {
          #expect(!"\(error)".contains("canary"), "\(status): \(error)")
          #expect(!"\(error)".contains("Y2FuYXJ5"), "\(status): \(error)")
        }
      }
    }
  }
}
