import Addressing
import Model
import TestSupport
import Testing

@testable import DDNS

struct TSIGTests {
  /// Prints the first datagram that comes.
  private static let listener = """
    import socket
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind(("127.0.0.1", 0))
    print("port", link.getsockname()[1], flush=True)
    print("message", link.recv(65535).hex(), flush=True)
    """

  /// What nsupdate sends.
  private func captured(_ algorithm: String) throws -> [UInt8] {
    let program = try Started(["/usr/bin/python3", "-c", Self.listener])
    defer {
      program.kill(9)
      _ = program.wait()
    }
    try #require(eventually { program.output.contains("\n") })
    let port = program.output.split(separator: "\n")[0].dropFirst("port ".count)
    let nsupdate = try Started(
      [
        "nsupdate", "-t", "1", "-u", "1", "-r", "0", "-y",
        "\(algorithm):Key.Example:\(Named.secret)",
      ],
      input: """
        server 127.0.0.1 \(port)
        zone example.org
        prereq yxrrset vpn.example.org A 198.51.100.7
        update delete vpn.example.org A
        update add vpn.example.org 30 A 198.51.100.9
        send

        """)
    defer {
      nsupdate.kill(9)
      _ = nsupdate.wait()
    }
    try #require(eventually { program.output.contains("message ") })
    let hex = program.output.split(separator: "\n")[1].dropFirst("message ".count)
    return stride(from: 0, to: hex.count - 1, by: 2).map { start in
      UInt8(hex.dropFirst(start).prefix(2), radix: 16)!
    }
  }

  /// The same key, time and message give nsupdate's bytes.
  @Test(arguments: Named.algorithms) func signaturesAreNsupdates(_ name: String) throws {
    let bytes = try captured(name)
    let message = try DNSMessage(bytes)
    let signature = try #require(message.additional.last)
    #expect(message.additional.count == 1 && signature.type == DNSType.tsig)
    let algorithm = try #require(TSIG.Algorithm(rawValue: name))
    let key = TSIG(
      keyName: RecordName("key.example")!, algorithm: algorithm,
      key: Secret(Base64.bytes(Array(Named.secret.utf8))!))
    // The message as it was before it was signed.
    let length = signature.data.count + 10 + signature.name.wire.count
    var plain = Array(bytes.dropLast(length))
    plain[11] = 0
    var reader = DNSReader(signature.data)
    #expect(try reader.name() == algorithm.name)
    let time = try reader.take(6).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let fudge: UInt16 = try reader.number()
    #expect(key.sign(plain, at: time, fudge: fudge).bytes == bytes)
  }

  private let key = TSIG(
    keyName: RecordName("key")!, algorithm: .sha256, key: Secret("secret".utf8))

  private func answer(_ code: UInt16 = 0) -> DNSMessage {
    var message = DNSMessage(identifier: 7)
    message.flags = 0x8400 | code
    return message
  }

  /// An answer's code covers that of the request before it.
  private func signed(
    _ message: DNSMessage, answering request: TSIG.Signed, at time: UInt64, by key: TSIG
  ) -> [UInt8] {
    let before = UInt16(request.code.count).wire + request.code
    // The header's count of records is 12 bytes into what is signed; so sign by hand.
    var bytes = key.sign(message.bytes, at: time).bytes
    let covered =
      before + message.bytes + key.keyName.wire + DNSClass.any.wire + UInt32(0).wire
      + key.algorithm.name.wire + Array(time.wire.dropFirst(2)) + TSIG.fudge.wire + [0, 0, 0, 0]
    let code = key.algorithm.code(covered, key.key)
    let end = bytes.count - 6
    bytes.replaceSubrange((end - code.count)..<end, with: code)
    return bytes
  }

  @Test func answersAreVerified() throws {
    let request = key.sign(DNSMessage(identifier: 7).bytes, at: 1000)
    let good = signed(answer(), answering: request, at: 1010, by: key)
    #expect(try key.verify(good, answering: request, at: 1020).additional == [])
    func fault(_ bytes: [UInt8], at time: UInt64 = 1020) -> String {
      do throws(TSIGFault) {
        _ = try key.verify(bytes, answering: request, at: time)
        return ""
      } catch {
        return error.sentence(key, "ns")
      }
    }
    for index in good.indices where index > 1 {
      var forged = good
      forged[index] ^= 1
      #expect(fault(forged) != "", "byte \(index)")
    }
    #expect(fault(Array(good.dropLast(5))) == "ns: the answer is cut off")
    #expect(
      fault(answer(5).bytes)
        == "ns answers REFUSED without a signature: does it know the key key?")
    let other = TSIG(keyName: key.keyName, algorithm: .sha256, key: Secret("other".utf8))
    #expect(
      fault(signed(answer(), answering: request, at: 1010, by: other))
        == "ns's answer isn't signed with the key key")
    #expect(fault(good, at: 2000).hasPrefix("this machine's clock is 990 s ahead of that of ns"))
    // For another request.
    let another = key.sign(DNSMessage(identifier: 7).bytes, at: 1001)
    #expect(
      fault(signed(answer(), answering: another, at: 1010, by: key))
        == "ns's answer isn't signed with the key key")
  }

  @Test func keyFilesAreThoseOfTsigKeygen() throws {
    let file = try KeyFile(
      Secret(
        """
        key "ddns-key" {
        \talgorithm hmac-sha512;
        \tsecret "\(Named.secret)";
        };
        """.utf8))
    #expect(file.name?.text == "ddns-key" && file.algorithm == .sha512)
    #expect(file.key.text == "secret key of tests, 32 bytes...")
    #expect(try KeyFile(Secret(Named.secret.utf8)).key == file.key)
    #expect(throws: ProviderError.self) { try KeyFile(Secret("not base64!".utf8)) }
  }

  /// OpenSSL's codes, of messages around the block's length and of a key longer than it.
  @Test(arguments: [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])
  func sha224IsOpenSSLs(_ length: Int) throws {
    let message = String(repeating: "m", count: length)
    for key in ["key", String(repeating: "k", count: 64), String(repeating: "k", count: 100)] {
      let finished = try run(
        ["openssl", "dgst", "-sha224", "-hmac", key, "-r"], input: message)
      let code = SHA224.authenticationCode(Array(message.utf8), key: Array(key.utf8))
      let text = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      #expect(finished.output.hasPrefix(text + " "))
    }
  }

  /// Whatever a server answers, reading it ends.
  @Test func mutatedMessagesAreReadOrRefused() throws {
    var message = answer()
    message.questions = [DNSMessage.Question(name: RecordName("vpn.example.org")!, type: 1)]
    message.answers = ["10 5 4242 gw0.example.org."].map {
      DNSMessage.Record(
        name: RecordName("vpn.example.org")!, type: 33, data: RecordValue($0, type: .srv)!.wire)
    }
    let bytes = message.bytes
    #expect(try DNSMessage(bytes) == message)
    var random = SplitMix64(1)
    for _ in 0..<20_000 {
      var mutated = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        mutated[Int.random(in: 0..<mutated.count, using: &random)] =
          UInt8.random(in: 0...255, using: &random)
      }
      let kept = mutated.prefix(Int.random(in: 0...mutated.count, using: &random))
      _ = try? DNSMessage(Array(kept))
    }
  }
}
