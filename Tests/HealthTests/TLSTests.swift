import Model
import TestSupport
import Testing

@testable import Health

struct TLSTests {
  /// A server with a certificate for gw.example, made now and signed by itself.
  private static func with(_ body: (Server, _ certificate: String) throws -> Void) throws {
    try TemporaryDirectory.with { directory in
      let (certificate, key) = (directory + "/certificate", directory + "/key")
      try sh(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
          + " -subj /CN=gw.example -addext subjectAltName=DNS:gw.example"
          + " -keyout \(key) -out \(certificate)")
      let server = try Server(["/": (200, "hello")], certificate: certificate, key: key)
      try body(server, certificate)
    }
  }

  private static func ask(
    _ server: Server, _ tls: Probe.TLS, host: String? = nil
  ) throws -> Outcome {
    var http = Probe.HTTP(address: loopback, port: server.port, tls: tls)
    http.host = host
    http.body = "hello"
    return try outcome(.http(http))
  }

  @Test func aCertificateMustBeTrustedAndOfTheName() throws {
    try Self.with { (server, certificate) throws in
      let trusted = Probe.TLS(authorities: certificate)
      #expect(try Self.ask(server, trusted, host: "gw.example") == good)
      #expect(try Self.ask(server, trusted, host: "gw.example:443") == good)
      var named = trusted
      named.serverName = "gw.example"
      #expect(try Self.ask(server, named) == good)
      let other = Outcome.bad(
        "the certificate of 127.0.0.1:\(server.port) is of another name than \"other.example\"")
      #expect(try Self.ask(server, trusted, host: "other.example") == other)
      #expect(
        try Self.ask(server, trusted)
          == .bad("the certificate of 127.0.0.1:\(server.port) is not of this address"))
      // In BoringSSL's words, which depend on what the machine trusts.
      guard case .bad = try Self.ask(server, Probe.TLS(), host: "gw.example") else {
        Issue.record("nobody vouches for it")
        return
      }
    }
  }

  @Test func unverifiedAnyCertificateIsGood() throws {
    try Self.with { (server, _) throws in
      #expect(try Self.ask(server, Probe.TLS(isVerified: false)) == good)
    }
  }

  @Test func aServerWithoutTLSIsToldAsThat() throws {
    let server = try Server(["/": (200, "hello")])
    guard case .bad(let reason) = try Self.ask(server, Probe.TLS()) else {
      Issue.record("no TLS is good")
      return
    }
    // It may say something else than TLS, or wait for the end of a line.
    let said = "TLS handshake with 127.0.0.1:\(server.port)"
    #expect(reason.hasPrefix("\(said) failed: ") || reason.hasPrefix("no \(said) within "))
  }

  @Test func authoritiesMustBeThere() throws {
    let server = try Server()
    #expect(
      try Self.ask(server, Probe.TLS(authorities: "/nosuch.pem"))
        == .bad("cannot read /nosuch.pem: No such file or directory"))
  }
}
