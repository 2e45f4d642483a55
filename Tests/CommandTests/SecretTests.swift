import DDNS
import Glibc
import JSON
import Model
import TestSupport
import Testing

/// Every provider has a canary for each of its secrets, and a server that repeats in its answers whatever
/// it was sent. No canary comes out anywhere.
struct SecretTests {
  /// Answers HTTP with a refusal that repeats the request, and UDP with its own bytes.
  private static let echo = """
    import http.server, socket, sys, threading
    class Echo(http.server.BaseHTTPRequestHandler):
        def reply(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            text = (self.requestline + "\\n" + str(self.headers)).encode() + body
            sent = b'{"message": "' + text.replace(b'"', b"'").replace(b"\\r", b"").replace(b"\\n", b" ") + b'"}'
            self.send_response(403)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)
        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = reply
        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 8081), Echo)
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind(("127.0.0.1", 8081))
    def repeat():
        while True:
            data, sender = link.recvfrom(65535)
            link.sendto(data[:2] + b"\\x80" + data[3:], sender)
    threading.Thread(target=repeat, daemon=True).start()
    print("ready", flush=True)
    server.serve_forever()
    """

  /// Ends with what URLs and JSON escape.
  private static func canary(_ provider: String, _ key: String) -> String {
    plain(provider, key) + "/47+11"
  }

  /// The part of a canary that nothing escapes.
  private static func plain(_ provider: String, _ key: String) -> String {
    "canary-\(provider)-\(key)"
  }

  /// Something for each key that a provider needs, and for those that say where it is.
  private static func object(of provider: any Provider.Type, _ vpngw: Vpngw) throws -> Tree {
    var members: [(String, Tree)] = [("type", .string(provider.name))]
    for key in provider.keys {
      switch key.form {
      case .secretFile:
        var content = canary(provider.name, key.name)
        if provider.name == "rfc2136" {
          let secret = Base64.text(Array(content.utf8))
          content = "key ddns { algorithm hmac-sha256; secret \"\(secret)\"; };"
        }
        let path = try vpngw.file("\(provider.name)-\(key.name)", content + "\n")
        chmod(path, 0o600)
        members.append((key.name, .string(path)))
      case .url: members.append((key.name, "http://127.0.0.1:8081"))
      case .port: members.append((key.name, 8081))
      case .host where key.name != "name_server": members.append((key.name, "127.0.0.1"))
      case .name where key.name == "zone" || key.isRequired:
        members.append((key.name, "example.org"))
      case .text where key.isRequired: members.append((key.name, "someone"))
      case .number(let range) where key.isRequired:
        members.append((key.name, .integer(range.lowerBound)))
      case .table:
        members.append((key.name, .object([("X-Key", .string(canary(provider.name, key.name)))])))
      case .flag where key.name == "reads": members.append((key.name, true))
      case .texts where key.isRequired:
        members.append(
          (key.name, ["/bin/sh", "-c", "cat /proc/self/environ; echo $DDNS_VALUES >&2; exit 1"]))
      case .word(let words) where key.isRequired: members.append((key.name, .string(words[0])))
      default: break
      }
    }
    return .object(members)
  }

  @Test func noSecretComesOut() throws {
    try Vpngw.inNamespace { vpngw in
      let records = try Providers.all.map { provider -> (String, Tree) in
        // All of Duck DNS's names are in its own zone.
        let name = provider.name + (provider.name == "duckdns" ? ".duckdns.org" : ".example.org")
        let object = try Self.object(of: provider, vpngw)
        return (
          provider.name,
          .object([
            ("name", .string(name)), ("addresses", ["192.0.2.1"]),
            ("retry", "100ms"), ("timeout", "2s"), ("provider", object),
          ])
        )
      }
      let file = try vpngw.file(
        "state.json", Tree.object([("version", 1), ("ddns", .object(records))]).text())
      let valid = try vpngw("validate", file)
      try #require(valid.status == 0, "\(valid.error)")
      try withPython(Self.echo, saying: "ready") {
        let daemon = try vpngw.start("run", file, "--allow-exec", "--log-level", "debug")
        var shown: [String] = []
        do {
          defer { daemon.kill(SIGKILL) }
          // Each provider was asked, and refused or failed.
          let failing = eventually {
            let status = (try? run(["curl", "-sm", "5", "127.0.0.1:9118/status"]).output) ?? ""
            return status.components(of: "\"failures\": ") - 1 > Providers.all.count
          }
          #expect(failing)
          shown += [
            try run(["curl", "-sm", "5", "127.0.0.1:9118/status"]).output,
            try run(["curl", "-sm", "5", "127.0.0.1:9118/metrics"]).output,
            try vpngw("status").output, try vpngw("status", "--json").output,
          ]
          for words in [["plan", file], ["plan", file, "--json"], ["show"], ["expand", file]] {
            let finished = try run(vpngw.arguments(words))
            shown += [finished.output, finished.error]
          }
          // Its memory, which a crash may print, is never printed by us.
          daemon.kill(SIGABRT)
        }
        let ended = daemon.wait()
        shown += [ended.output, ended.error]
        for provider in Providers.all {
          #expect(ended.error.contains("name=\(provider.name) "), "\(provider.name) did nothing")
          for key in provider.keys where key.form == .secretFile || key.form == .table {
            let canary = Self.canary(provider.name, key.name)
            let plain = Self.plain(provider.name, key.name)
            #expect(!shown.contains { $0.contains(plain) }, "\(canary)")
            for skipped in 0..<3 {
              // The middle of what basic authentication makes of it, which is the same wherever it begins.
              let bytes = Array(canary.utf8.dropFirst(skipped))
              let encoded = Base64.text(Array(bytes.prefix(bytes.count / 3 * 3)))
              #expect(!shown.contains { $0.contains(encoded) }, "\(canary) in base64")
            }
          }
        }
      }
    }
  }
}

extension String {
  fileprivate func components(of part: String) -> Int {
    split(separator: part, omittingEmptySubsequences: false).count
  }
}
