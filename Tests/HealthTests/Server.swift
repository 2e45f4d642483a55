import Glibc
import Model
import NIOCore
import NIOPosix
import TestSupport

@testable import Health

/// A running server.py, which ends with this object.
final class Server {
  private let started: Started
  let port: UInt16

  /// Answers with these statuses and bodies at these paths, and with server.py's own at others.
  init(
    _ answers: [String: (Int, String)] = [:], certificate: String? = nil, key: String? = nil
  ) throws {
    let members = answers.map { path, answer in
      let body = answer.1.map { character in
        switch character {
        case "\"": "\\\""
        case "\n": "\\n"
        case "\t": "\\t"
        default: String(character)
        }
      }
      return "\"\(path)\": [\(answer.0), \"\(body.joined())\"]"
    }
    let files = certificate.map { [$0, key!] } ?? []
    started = try Started(
      ["/usr/bin/python3", Self.script] + files,
      input: "{\(members.joined(separator: ", "))}")
    var port: UInt16?
    let started = started
    guard
      eventually({
        guard started.output.hasSuffix("\n") else { return false }
        port = UInt16(started.output.dropLast())
        return port != nil
      }), let port
    else { throw CommandFailed(description: "server.py doesn't listen") }
    self.port = port
  }

  private static let script =
    String(
      #filePath.prefix(upTo: #filePath.lastIndex(of: "/")!)) + "/server.py"

  deinit {
    started.kill(SIGKILL)
    _ = started.wait()
  }
}

let loopback = IPAddress("127.0.0.1")!

extension Probe {
  init(_ question: Question, timeout: Duration = .seconds(10)) {
    self.init(name: "p", question: question)
    self.timeout = timeout
  }
}

/// The outcome of one attempt, on threads of its own, in the calling thread's namespace.
func outcome(_ probe: Probe, allowsExec: Bool = false) throws -> Outcome {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  defer { try? group.syncShutdownGracefully() }
  return try Prober.outcomes(of: [probe], group: group, allowsExec: allowsExec)[0]
}

/// A prober on threads of its own, which ends with the body.
func withProber(
  onChange: @escaping Prober.OnChange = { _, _, _ in }, _ body: (Prober) throws -> Void
) throws {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  defer { try? group.syncShutdownGracefully() }
  let prober = try Prober(group: group, allowsExec: false, onChange: onChange)
  defer { prober.stop() }
  try body(prober)
}

func outcome(
  _ question: Probe.Question, timeout: Duration = .seconds(10), allowsExec: Bool = false
) throws -> Outcome {
  try outcome(Probe(question, timeout: timeout), allowsExec: allowsExec)
}

let good = Outcome.good(Finding())

/// A port of 127.0.0.1 at which nobody listens, nor can while this is held: other tests start
/// servers meanwhile.
final class ClosedPort {
  private let descriptor: Int32
  let number: UInt16

  init(_ type: __socket_type = SOCK_STREAM) throws {
    let descriptor = socket(AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutableBytes(of: &address) { bytes in
      let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      let status = bind(descriptor, address, size) | getsockname(descriptor, address, &size)
      // A socket that is connected, here to itself, takes datagrams of nobody else.
      return type == SOCK_DGRAM ? status | connect(descriptor, address, size) : status
    }
    self.descriptor = descriptor
    number = UInt16(bigEndian: address.sin_port)
    guard status == 0, number != 0 else {
      throw CommandFailed(description: "bind: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }
}
