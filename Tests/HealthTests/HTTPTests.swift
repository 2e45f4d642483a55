import Events
import Model
import TestSupport
import Testing

@testable import Health

struct HTTPTests {
  private static func http(
    _ server: Server, _ path: String, _ change: (inout Probe.HTTP) -> Void = { _ in }
  ) -> Probe.Question {
    var http = Probe.HTTP(address: loopback, port: server.port)
    http.path = path
    change(&http)
    return .http(http)
  }

  @Test func theStatusDecides() throws {
    let server = try Server(["/ok": (204, ""), "/bad": (503, "no"), "/moved": (301, "")])
    #expect(try outcome(Self.http(server, "/ok")) == good)
    #expect(try outcome(Self.http(server, "/bad")) == .bad("status 503, not 200-299"))
    #expect(
      try outcome(Self.http(server, "/bad") { $0.statuses = [200...204, 500...500] })
        == .bad("status 503, not 200-204, 500"))
    #expect(try outcome(Self.http(server, "/moved") { $0.statuses = [300...399] }) == good)
    #expect(try outcome(Self.http(server, "/ok") { $0.method = "HEAD" }) == good)
  }

  @Test func aStatedBodyDecides() throws {
    let server = try Server(["/ok": (200, "all is well")])
    #expect(try outcome(Self.http(server, "/ok") { $0.body = "is well" }) == good)
    #expect(
      try outcome(Self.http(server, "/ok") { $0.body = "is bad" })
        == .bad("the body lacks \"is bad\""))
  }

  @Test func aRequestCarriesWhatIsStated() throws {
    let server = try Server()
    func sees(_ text: String, _ change: (inout Probe.HTTP) -> Void) throws -> Bool {
      try outcome(
        Self.http(server, "/request") {
          change(&$0)
          $0.body = text
        }) == good
    }
    #expect(try sees("POST /request HTTP/1.1\r\n") { $0.method = "POST" })
    #expect(try sees("Host: 127.0.0.1:\(server.port)\r\n") { _ in })
    #expect(try sees("Host: example.org\r\n") { $0.host = "example.org" })
    #expect(try sees("Accept: text/plain\r\n") { $0.headers = [.init("Accept", "text/plain")] })
    try TemporaryDirectory.with { directory in
      let file = directory + "/secret"
      try writeFile(file, "user:päss\n")
      // printf 'user:päss' | base64
      #expect(
        try sees("Authorization: Basic dXNlcjpww6Rzcw==\r\n") {
          $0.credentials = .basic(file: file)
        })
      try writeFile(file, "other\n")
      #expect(try sees("X-API-Key: other\r\n") { $0.credentials = .apiKey(file: file) })
      try writeFile(file, "a\nb")
      #expect(
        try outcome(Self.http(server, "/request") { $0.credentials = .apiKey(file: file) })
          == .bad("\(file) must hold one line without control characters"))
    }
  }

  @Test(arguments: ["/silent", "/drip"])
  func theTimeoutCoversTheWholeAttempt(path: String) throws {
    let server = try Server()
    let start = Instant.now
    #expect(
      try outcome(Self.http(server, path), timeout: .milliseconds(750))
        == .bad("no answer from 127.0.0.1:\(server.port) within 750ms"))
    let took = Instant.now - start
    #expect(took >= .milliseconds(750) && took < .seconds(3))
  }

  @Test(arguments: [
    ("/none", "127.0.0.1:PORT closed without an answer"),
    ("/early", "127.0.0.1:PORT closed before the end of its answer"),
    ("/huge", "the first 64 KiB of the body lack \"wanted\""),
    (
      "/garbage",
      "127.0.0.1:PORT doesn't answer in HTTP: it begins with \"220 mail.example.org ESMTP\""
    ),
    (
      "/head-without-end",
      "127.0.0.1:PORT doesn't answer in HTTP: its head is longer than 64 KiB"
    ),
  ])
  func badAnswersFailForTheirReason(path: String, reason: String) throws {
    let server = try Server()
    guard case .bad(let got) = try outcome(Self.http(server, path) { $0.body = "wanted" }) else {
      Issue.record("\(path) is good")
      return
    }
    let parts = reason.split(separator: "PORT", maxSplits: 1)
    let wanted = parts.joined(separator: "\(server.port)")
    #expect(got == wanted)
  }

  @Test func aClosedPortIsReportedAsSuch() throws {
    let port = try ClosedPort()
    defer { withExtendedLifetime(port) {} }
    #expect(
      try outcome(.http(Probe.HTTP(address: loopback, port: port.number)))
        == .bad("connection refused by 127.0.0.1:\(port.number)"))
  }
}
