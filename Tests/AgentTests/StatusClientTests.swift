import Events
import Glibc
import TestSupport
import Testing

@testable import Agent

/// What `vpngw status` makes of whatever answers at the port.
struct StatusClientTests {
  /// Listens on loopback for one question, and answers it with these bytes.
  private static func with(_ answer: String, _ body: (_ port: Int) throws -> Void) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(listener) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        #expect(bind(listener, $0, size) == 0 && listen(listener, 1) == 0)
        #expect(getsockname(listener, $0, &size) == 0)
      }
    }
    let thread = try Thread("server") {
      let peer = accept(listener, nil, nil)
      var question = [UInt8](repeating: 0, count: 1 << 12)
      _ = read(peer, &question, question.count)
      _ = write(peer, Array(answer.utf8), answer.utf8.count)
      close(peer)
    }
    defer { thread.join() }
    try body(Int(name.sin_port.bigEndian))
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes and more",
    "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n2\r\nes\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nyes", "HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 OK\n\nyes",
  ])
  func anAnswersBodyIsRead(answer: String) throws {
    try Self.with(answer) { port in
      let body = try StatusClient.get("/status", from: "127.0.0.1", port: port)
      #expect(body == "yes")
    }
  }

  @Test(arguments: [
    ("", "gave no answer"), ("HTTP/1.1 200 OK\r\n", "gave no answer"),
    ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nyes", "broke its answer off"),
    (
      "SSH-2.0-OpenSSH_9.2\r\n",
      "is not vpngw: it doesn't answer in HTTP: it begins with \"SSH-2.0-OpenSSH_9.2\""
    ),
  ])
  func aPortThatIsNotVpngwsIsReported(answer: String, reason: String) throws {
    try Self.with(answer) { port in
      let error = #expect(throws: CommandError.self) {
        try StatusClient.get("/status", from: "127.0.0.1", port: port)
      }
      #expect(error.map { "\($0)" } == "127.0.0.1:\(port) \(reason)")
    }
  }
}
