import Addressing
import DDNS
import Glibc
import Model
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import DDNSTransport

struct HTTPClientTests {
  /// Answers by the path, over TLS if it is given a certificate and its key.
  private static let server = """
    import http.server, socketserver, ssl, sys, threading, time

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *words): pass
        def say(self, status, body, **headers):
            self.send_response(status)
            for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def do_GET(self):
            path = self.path.split("?")[0]
            if path == "/silent": time.sleep(60)
            elif path == "/huge": self.say(200, b"x" * ((1 << 20) + 1))
            elif path == "/largest": self.say(200, b"x" * (1 << 20))
            elif path == "/endless":
                self.send_response(200); self.end_headers()
                while True: self.wfile.write(b"x" * 65536)
            elif path == "/endless-head":
                self.send_response(200)
                while True: self.wfile.write(b"X-More: " + b"x" * 60000 + b"\\r\\n")
            elif path == "/garbage": self.wfile.write(b"220 mail.example.org ESMTP\\r\\n\\r\\n")
            elif path == "/early":
                self.send_response(200); self.send_header("Content-Length", "100"); self.end_headers()
                self.wfile.write(b"hello")
            elif path == "/none": pass
            elif path == "/moved": self.say(302, b"", Location="http://127.0.0.1:1/")
            elif path == "/busy": self.say(429, b"{}", Retry_After="7")
            else: self.say(200, (self.requestline + "\\n" + str(self.headers)).encode()
                           + self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self.close_connection = True
        do_POST = do_GET

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        def handle_error(self, *words): pass

    server = Server(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[1:])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """

  private static func withServer(
    _ files: [String] = [], _ body: (UInt16) throws -> Void
  ) throws {
    let program = try Started(["/usr/bin/python3", "-c", server] + files)
    defer {
      program.kill(SIGKILL)
      _ = program.wait()
    }
    guard eventually({ program.output.hasSuffix("\n") }),
      let port = UInt16(program.output.dropLast())
    else { throw CommandFailed(description: "no server: \(program.error)") }
    try body(port)
  }

  /// The answer, or why there is none.
  private static func ask(
    _ request: HTTPRequest, within time: TimeAmount = .seconds(20),
    silence: TimeAmount = .seconds(15)
  ) throws -> Result<HTTPResponse, ProviderError> {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    var client = HTTPClient(loop: group.next())
    client.patience.silence = silence
    do {
      return .success(try client.send(request, until: .now() + time).wait())
    } catch {
      return .failure(try #require(error as? ProviderError, "\(error)"))
    }
  }

  private static func request(
    _ path: String, _ port: UInt16, host: String = "127.0.0.1", isSecure: Bool = false
  ) -> HTTPRequest {
    HTTPRequest(.get, HTTPOrigin(isSecure: isSecure, host: host, port: port), path)
  }

  @Test func aRequestArrivesAsItIsMeant() throws {
    try Self.withServer { port in
      var request = Self.request("/echo", port, host: "localhost")
      request.method = .post
      request.query = [.init("a b", "c&d"), .init("token", .secret(Secret("s/1".utf8)))]
      request.headers = [.init("Authorization", .secret(Secret("Bearer x".utf8)))]
      request.body = Array("{}".utf8)
      let response = try Self.ask(request).get()
      #expect(response.status == 200)
      let lines = String(decoding: response.body, as: UTF8.self).split(whereSeparator: \.isNewline)
      #expect(
        lines == [
          "POST /echo?a%20b=c%26d&token=s%2F1 HTTP/1.1", "Host: localhost:\(port)",
          "Connection: close", "Authorization: Bearer x", "Content-Length: 2", "{}",
        ])
    }
  }

  @Test func statusesAreAnswersAndRedirectsAreNotFollowed() throws {
    try Self.withServer { port in
      #expect(try Self.ask(Self.request("/moved", port)).get().status == 302)
      let busy = try Self.ask(Self.request("/busy", port)).get()
      #expect((busy.status, busy.header("retry-after")) == (429, "7"))
      #expect(try Self.ask(Self.request("/largest", port)).get().body.count == 1 << 20)
    }
  }

  @Test func whatIsNoAnswerIsSaid() throws {
    try Self.withServer { port in
      let server = "127.0.0.1:\(port)"
      func said(_ path: String) throws -> String? {
        guard case .failure(let error) = try Self.ask(Self.request(path, port)) else { return nil }
        #expect(!error.isPermanent)
        return error.message
      }
      #expect(try said("/huge") == "\(server) answers with more than 1 MiB")
      #expect(try said("/endless") == "\(server) answers with more than 1 MiB")
      #expect(try said("/endless-head") != nil)
      #expect(try said("/early") == "\(server) closed the connection before its answer was whole")
      #expect(try said("/none") == "\(server) closed the connection before its answer was whole")
      #expect(try said("/garbage") != nil)
      guard
        case .failure(let silent) = try Self.ask(
          Self.request("/silent", port), silence: .seconds(1))
      else { throw CommandFailed(description: "/silent answers") }
      #expect(silent.message == "\(server) has been silent for 1s")
      guard
        case .failure(let late) = try Self.ask(
          Self.request("/silent", port), within: .milliseconds(300))
      else { throw CommandFailed(description: "/silent answers") }
      #expect(late.message == "\(server) has not answered in time")
    }
    // Port 1 of 127.0.0.1 is nobody's.
    guard case .failure(let refused) = try Self.ask(Self.request("/", 1)) else { return }
    #expect(refused.message == "cannot ask 127.0.0.1:1: Connection refused")
  }

  @Test func linksMarksAndSourcesAreSet() throws {
    try Self.withServer { port in
      var request = Self.request("/echo", port)
      request.origin.source = IPAddress("127.0.0.9")
      request.origin.link = LinkName("lo")
      request.origin.mark = Mark(0x1900)
      #expect(try Self.ask(request).get().status == 200)
      request.origin.link = LinkName("nowhere0")
      guard case .failure(let error) = try Self.ask(request) else {
        throw CommandFailed(description: "there is a link nowhere0")
      }
      #expect(error.message == "there is no link nowhere0")
    }
  }

  @Test func certificatesAreVerified() throws {
    try TemporaryDirectory.with { directory in
      let (key, certificate) = (directory + "/key.pem", directory + "/cert.pem")
      let made = try run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        "-keyout", key, "-out", certificate,
      ])
      try #require(made.status == 0, "\(made.error)")
      try Self.withServer([certificate, key]) { port in
        func said(_ host: String, _ authorities: String?) throws -> String {
          var request = Self.request("/echo", port, host: host, isSecure: true)
          request.origin.authorities = authorities
          switch try Self.ask(request) {
          case .success(let response): return "\(response.status)"
          case .failure(let error): return error.message
          }
        }
        let all: [(String, String?)] = [
          ("localhost", certificate), ("localhost", nil), ("127.0.0.1", certificate),
          ("localhost", directory + "/none"), ("localhost", key),
        ]
        let answers = try all.map { host, authorities in try said(host, authorities) }
        #expect(
          answers == [
            "200",
            "cannot ask localhost:\(port): the TLS handshake failed: CERTIFICATE_VERIFY_FAILED",
            "cannot ask 127.0.0.1:\(port): its certificate is of another name",
            "cannot read \(directory)/none: No such file or directory",
            "there are no certificates in PEM in \(key)",
          ])
      }
    }
  }
}
