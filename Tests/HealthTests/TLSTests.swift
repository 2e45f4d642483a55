import Glibc
import Model
import TestSupport
import Testing

@testable import Health

struct TLSTests {
  /// A server with a self-signed certificate for gw.example, made now.
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
      let untrusted = try Self.ask(server, Probe.TLS(), host: "gw.example")
      #expect(
        untrusted
          == .bad("TLS handshake with 127.0.0.1:\(server.port) failed: CERTIFICATE_VERIFY_FAILED"))
    }
  }

  @Test func withoutVerificationAnyCertificateIsAccepted() throws {
    try Self.with { (server, _) throws in
      #expect(try Self.ask(server, Probe.TLS(isVerified: false)) == good)
    }
  }

  @Test func aServerWithoutTLSIsReportedAsSuch() throws {
    // The server takes the handshake for a request, and waits for the rest of it.
    let server = try Server()
    let http = Probe.HTTP(address: loopback, port: server.port, tls: Probe.TLS())
    #expect(
      try outcome(.http(http), timeout: .milliseconds(500))
        == .bad("no TLS handshake with 127.0.0.1:\(server.port) within 500ms"))
  }

  /// RFC 8996.
  @Test(arguments: ["tls1", "tls1_1", "tls1_2", "tls1_3"])
  func olderThanTLS12IsRefused(version: String) throws {
    try TemporaryDirectory.with { directory in
      let (certificate, key) = (directory + "/certificate", directory + "/key")
      try sh(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=gw.example"
          + " -keyout \(key) -out \(certificate)")
      let weak = version == "tls1_3" ? "" : " -cipher ALL@SECLEVEL=0"
      let server = try Started(
        "openssl s_server -accept 127.0.0.1:0 -www -\(version)\(weak) -cert \(certificate) -key \(key)"
          .split(separator: " ").map(String.init))
      defer {
        server.kill(SIGKILL)
        _ = server.wait()
      }
      var port: UInt16?
      #expect(
        eventually {
          let line = server.output.split(separator: "\n").first { $0.hasPrefix("ACCEPT ") }
          port = line?.split(separator: ":").last.flatMap { UInt16($0) }
          return port != nil
        })
      let asked = try #require(port)
      // openssl's own client speaks this version.
      let client = try run(
        "openssl s_client -connect 127.0.0.1:\(asked) -\(version)\(weak) -brief"
          .split(separator: " ").map(String.init))
      #expect(client.status == 0, "\(client.error)")
      let http = Probe.HTTP(address: loopback, port: asked, tls: Probe.TLS(isVerified: false))
      let said = try outcome(.http(http))
      if ["tls1_2", "tls1_3"].contains(version) { return #expect(said == good) }
      #expect(
        [
          .bad("TLS handshake with 127.0.0.1:\(asked) failed: UNSUPPORTED_PROTOCOL"),
          .bad("TLS handshake with 127.0.0.1:\(asked) failed: TLSV1_ALERT_PROTOCOL_VERSION"),
        ].contains(said), "\(said)")
    }
  }

  @Test func authoritiesMustBeThere() throws {
    let server = try Server()
    #expect(
      try Self.ask(server, Probe.TLS(authorities: "/nosuch.pem"))
        == .bad("cannot read /nosuch.pem: No such file or directory"))
  }
}
