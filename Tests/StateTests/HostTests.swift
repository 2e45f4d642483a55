import Model
import Testing

struct HostTests {
  @Test(arguments: [
    ("example.org", "example.org:3478"), ("Example.ORG:9", "example.org:9"),
    ("192.0.2.1", "192.0.2.1:3478"), ("192.0.2.1:9", "192.0.2.1:9"),
    ("2001:db8::1", "[2001:db8::1]:3478"), ("[2001:db8::1]", "[2001:db8::1]:3478"),
    ("[2001:db8::1]:9", "[2001:db8::1]:9"), ("_stun.a-b.example", "_stun.a-b.example:3478"),
  ])
  func hostsAndPortsAreRead(_ text: String, _ whole: String) throws {
    #expect(HostPort(text, defaultPort: 3478)?.description == whole)
  }

  @Test(arguments: [
    "", ":", ":9", "a:", "a:0", "a:65536", "a:+9", "a b", "a..b", "1.2.3", "1.2.3.4.5", "[::1",
    "::1]", "[192.0.2.1]", "[example.org]:9", "2001:db8::1:", "a/b", "exämple.org", "user@a",
  ])
  func whatIsNoHostIsRefused(_ text: String) {
    #expect(HostPort(text, defaultPort: 3478) == nil)
  }

  @Test(arguments: [
    ("https://example.org", "https://example.org/"),
    ("http://example.org/ip?a=b", "http://example.org/ip?a=b"),
    ("https://example.org?a", "https://example.org/?a"),
    ("https://example.org:443/x", "https://example.org/x"),
    ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080/"),
  ])
  func urlsAreRead(_ text: String, _ whole: String) {
    #expect(WebURL(text)?.description == whole)
  }

  @Test(arguments: [
    "example.org", "ftp://example.org", "https://", "https:///x", "https://u:p@example.org/",
    "https://example.org/#x", "https://example.org/a b", "HTTPS://example.org",
  ])
  func whatIsNoURLIsRefused(_ text: String) {
    #expect(WebURL(text) == nil)
  }
}
