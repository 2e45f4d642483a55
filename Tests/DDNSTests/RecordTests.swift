import Addressing
import DDNS
import Testing

struct RecordTests {
  @Test func namesAreNormalised() throws {
    #expect(RecordName("VPN.Example.org.")?.text == "vpn.example.org")
    #expect(RecordName("*.example.org")?.text == "*.example.org")
    #expect(RecordName("_bt._tcp.example.org")?.labels.first == "_bt")
    #expect(RecordName(".")?.text == "")
    for text in [
      "", "a..b", "-a.b", "a-.b", "a b", "vpn.*.org", ".org", String(repeating: "a", count: 64),
      "vpn.exämple.org",
    ] {
      #expect(RecordName(text) == nil, "\(text)")
    }
  }

  @Test func aNameIsRelativeToItsZone() throws {
    let zone = try #require(RecordName("example.org"))
    #expect(RecordName("vpn.example.org")?.relative(to: zone) == "vpn")
    #expect(RecordName("example.org")?.relative(to: zone) == "")
    #expect(RecordName("vpn.badexample.org")?.relative(to: zone) == nil)
  }

  @Test(arguments: [
    (RecordType.a, "192.0.2.1"), (.aaaa, "2001:db8::1"), (.srv, "10 5 4242 gw0.example.org."),
    (.txt, "\"port=4242\""), (.txt, "\"a \\\"quoted\\\" \\\\ and \\233\""),
    (.https, "1 . alpn=\"h2,h3\" port=4242 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1"),
    (.https, "0 vpn.example.org."),
  ]) func valuesAreReadAsTheyAreWritten(_ type: RecordType, _ text: String) throws {
    let value = try #require(RecordValue(text, type: type))
    #expect(value.type == type)
    // 233 alone isn't UTF-8.
    if !text.contains("\\233") { #expect(value.text == text) }
  }

  @Test(arguments: [
    (RecordType.a, "2001:db8::1"), (.aaaa, "192.0.2.1"), (.srv, "1 2 3"), (.https, "x ."),
    (.a, "host"),
  ]) func aValueOfAnotherTypeIsNone(_ type: RecordType, _ text: String) {
    #expect(RecordValue(text, type: type) == nil)
  }

  @Test func aSetHasEachValueOnce() throws {
    let name = try #require(RecordName("vpn.example.org"))
    let (first, second) = (IPAddress(v4: 1), IPAddress(v4: 2))
    let set = RecordSet(name, .a, ttl: 30, [second, first, second].map(RecordValue.address))
    #expect(set.values == [.address(first), .address(second)])
  }

  @Test func nothingShowsASecret() {
    let secret = Secret("canary".utf8)
    var shown = "\(secret) \(String(reflecting: secret)) \(Sensitive.secret(secret)) \([secret])"
    dump(secret, to: &shown)
    var request = HTTPRequest(.get, HTTPOrigin(host: "api.example.org"), "/x")
    request.headers = [HTTPRequest.Field("Authorization", .secret(secret.map { "Bearer \($0)" }))]
    shown += "\(request) \(String(reflecting: request))"
    dump(request, to: &shown)
    let settings = ProviderSettings(type: "exec", [:]).with(["token_file": secret])
    shown += "\(settings)"
    dump(settings, to: &shown)
    #expect(!shown.contains("canary"))
    #expect(secret.text == "canary")
  }
}
