import TestSupport
import Testing

@testable import Health

struct HTTPReaderTests {
  /// The result of an answer whose sender then closes.
  private static func read(_ pieces: [[UInt8]], method: String = "GET") -> String {
    var reader = HTTPReader(method: method)
    var body: [UInt8] = []
    do {
      for piece in pieces { try reader.read(piece) { body += $0 } }
    } catch {
      return "malformed: \(error)"
    }
    let isWhole = reader.isDone || reader.end()
    let status = reader.hasHead ? "\(reader.status!)" : "none"
    return "\(status) \(String(decoding: body, as: UTF8.self).debugDescription)"
      + (isWhole ? "" : " and more")
  }

  private static let answers: [(answer: String, expected: String)] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", #"200 "hello""#),
    ("HTTP/1.0 503 Service Unavailable\r\n\r\nto the end", #"503 "to the end""#),
    ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", #"200 """#),
    ("HTTP/1.1 204 No Content\r\n\r\n", #"204 """#),
    ("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", #"304 """#),
    ("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", #"200 "hi""#),
    ("HTTP/1.1 200 OK\r\ncontent-LENGTH:\t 2 \r\n\r\nhi", #"200 "hi""#),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
      #"200 "abc0123456789""#
    ),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: 1\r\n\r\n",
      #"200 "a""#
    ),
    // RFC 9112, 6.3: chunks outweigh the length.
    (
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
      #"200 "ab""#
    ),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", #"200 "x""#),
  ]

  private static let others: [(answer: String, expected: String)] = [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", #"200 "hell" and more"#),
    ("HTTP/1.1 200 OK\r\nX: y\r\n folded: z\r\nContent-Length: 2, 2\r\n\r\nhi", #"200 "hi""#),
    ("HTTP/1.1 200 OK\r\n", #"none "" and more"#),
    ("HTTP/1.1 103 Early Hints\r\n\r\n", #"none "" and more"#),
    ("", #"none "" and more"#),
    ("HTTP/1.1 101 Switching\r\n\r\nother", #"101 """#),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nto the end", #"200 "to the end""#
    ),
    ("SSH-2.0-OpenSSH_9.2\r\n", #"malformed: it begins with "SSH-2.0-OpenSSH_9.2""#),
    ("HTTP/2 200\r\n", #"malformed: it begins with "HTTP/2 200""#),
    ("HTTP/1.1 20x OK\r\n", #"malformed: it begins with "HTTP/1.1 20x OK""#),
    ("HTTP/1.1 +20 OK\r\n", #"malformed: it begins with "HTTP/1.1 +20 OK""#),
    (
      "\u{1}[2J\(String(repeating: "a", count: 60))\n",
      #"malformed: it begins with "?[2J\#(String(repeating: "a", count: 36))"..."#
    ),
    ("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "malformed: a header has no colon"),
    ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", #"malformed: Content-Length is "-1""#),
    ("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", #"malformed: Content-Length is "1, 2""#),
    (
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "malformed: Content-Length is both 1 and 2"
    ),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      #"malformed: a chunk's size is "xyz""#
    ),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
      "malformed: a chunk is longer than its size"
    ),
  ]

  @Test(arguments: answers + others)
  func anAnswerIsReadInWholeAndByteByByte(answer: String, expected: String) {
    let bytes = Array(answer.utf8)
    #expect(Self.read([bytes]) == expected)
    #expect(Self.read(bytes.map { [$0] }) == expected)
  }

  @Test func aHeadWithoutEndIsRefused() {
    let bytes = Array("HTTP/1.1 200 OK\r\nX: ".utf8) + [UInt8](repeating: 0x78, count: 70_000)
    #expect(Self.read([bytes]) == "malformed: its head is longer than 64 KiB")
    #expect(Self.read(bytes.map { [$0] }) == "malformed: its head is longer than 64 KiB")
  }

  /// RFC 9112, 9.3.
  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true),
    ("HTTP/1.1 204 No Content\r\n\r\n", true),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", true),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", true),
    ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", true),
    ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", false),
    ("HTTP/1.1 200 OK\r\nconnection: x , Close\r\nContent-Length: 2\r\n\r\nhi", false),
    ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", false),
    ("HTTP/1.1 200 OK\r\n\r\nto the end", false),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", false),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi more", false),
  ])
  func anAnswerTellsWhetherAnotherOneMayFollow(answer: String, expected: Bool) throws {
    var reader = HTTPReader(method: "GET")
    try reader.read(Array(answer.utf8)) { _ in }
    #expect(reader.leavesOpen == expected)
    _ = reader.end()
    #expect(reader.leavesOpen == expected)
  }

  @Test func theAnswerToHEADHasNoBody() {
    let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".utf8)
    #expect(Self.read([bytes], method: "HEAD") == #"200 """#)
  }

  /// Python's http.client reads the same of what is well formed.
  @Test func pythonReadsTheSame() throws {
    let script = """
      import http.client, io, json, sys

      class Socket:
          def __init__(self, text): self.text = text
          def makefile(self, *_): return io.BytesIO(self.text.encode())

      for text in sys.stdin.buffer.read().decode().split("\\0"):
          answer = http.client.HTTPResponse(Socket(text))
          answer.begin()
          print(answer.status, json.dumps(answer.read().decode()))
      """
    let input = Self.answers.map(\.answer).joined(separator: "\0")
    let finished = try run(["/usr/bin/python3", "-c", script], input: input)
    let said = finished.output
    #expect(said.split(separator: "\n").map(String.init) == Self.answers.map(\.expected))
  }

  @Test func noBytesHoweverBrokenCrash() {
    var random = SplitMix64(7)
    let all = (Self.answers + Self.others).map { Array($0.answer.utf8.prefix(200)) }
    for _ in 0..<20_000 {
      var bytes = all.randomElement(using: &random)!
      for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = .random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
        }
      }
      let cut = Int.random(in: 0...bytes.count, using: &random)
      #expect(Self.read([bytes]) == Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]))
    }
  }
}
