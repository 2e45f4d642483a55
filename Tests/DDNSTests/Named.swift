import DDNS
import DDNSTransport
import Glibc
import Model
import NIOCore
import NIOPosix
import TestSupport

/// bind9 on a port of the loopback, with the zone example.org and two keys.
struct Named {
  let port: Int
  let directory: String

  static let algorithms = [
    "hmac-sha256", "hmac-sha224", "hmac-sha384", "hmac-sha512", "hmac-sha1", "hmac-md5",
  ]
  static let secret = "c2VjcmV0IGtleSBvZiB0ZXN0cywgMzIgYnl0ZXMuLi4="
  static let zone = RecordName("example.org")!

  static func with(_ body: (Named) async throws -> Void) async throws {
    var template = Array("/tmp/vpngw-named-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CommandFailed(description: "mkdtemp") }
    let directory = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    defer { _ = try? run(["rm", "-rf", directory]) }
    let named = Named(port: try freePort(), directory: directory)
    let program = try named.start()
    defer {
      program.kill(SIGTERM)
      _ = program.wait()
    }
    guard eventually({ program.error.contains("running") || !program.isRunning }),
      program.isRunning
    else { throw CommandFailed(description: "named: \(program.error.suffix(2000))") }
    try await body(named)
  }

  private func start() throws -> Started {
    let keys = Self.algorithms.map {
      "key \"\($0)\" { algorithm \($0); secret \"\(Self.secret)\"; };\n"
    }
    // `other` may sign, but not change anything; it has another secret here than in its file.
    try writeFile(
      directory + "/named.conf",
      """
      \(keys.joined())
      key "other" { algorithm hmac-sha256; secret "b3RoZXI="; };
      options {
        directory "\(directory)"; pid-file none; session-keyfile none; recursion no;
        listen-on port \(port) { 127.0.0.1; }; listen-on-v6 { none; }; dnssec-validation no;
      };
      controls { };
      zone "example.org" {
        type primary; file "zone";
        update-policy { \(Self.algorithms.map { "grant \($0) zonesub ANY;" }.joined(separator: " ")) };
      };

      """)
    try writeFile(
      directory + "/zone",
      """
      $TTL 60
      @ SOA ns. root. 1 3600 600 86400 60
      @ NS ns.
      alias CNAME www

      """)
    return try Started(["named", "-g", "-n", "1", "-c", directory + "/named.conf"])
  }

  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
      }
    }
    guard code == 0 else { throw CommandFailed(description: "bind: \(errno)") }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  func settings(
    key: String? = "hmac-sha256", name: String? = nil, transport: String = "udp"
  ) -> ProviderSettings {
    var settings: [String: ProviderSettings.Setting] = [
      "server": .text("127.0.0.1"), "port": .number(port), "zone": .name(Self.zone),
      "transport": .text(transport),
    ]
    guard let key else { return ProviderSettings(type: "rfc2136", settings) }
    settings["key_name"] = .name(RecordName(name ?? key)!)
    settings["algorithm"] = .text(key)
    settings["key_file"] = .text("/key")
    return ProviderSettings(type: "rfc2136", settings)
      .with(["key_file": Secret(Self.secret.utf8)])
  }

  /// `late`: how much our clock is ahead, in seconds.
  static func context(late: Int = 0) -> ProviderContext {
    ProviderContext(time: UInt64(time(nil) + late), random: .random(in: 0 ... .max))
  }

  /// What `dig` finds.
  func dig(_ name: RecordName, _ type: RecordType) throws -> [String] {
    let finished = try run([
      "dig", "+short", "+norecurse", "@127.0.0.1", "-p", "\(port)", name.text, type.rawValue,
    ])
    return finished.lines.map(String.init).sorted()
  }
}

/// Carries out an exchange; throws its ``ProviderError``.
func perform<Value: Sendable>(
  _ exchange: Exchange<Value>, within timeout: Duration = .seconds(20)
) async throws -> Value {
  let transport = Transport(on: MultiThreadedEventLoopGroup.singleton.any(), allowsExec: true)
  return try await transport.perform(exchange, within: timeout).get()
}
