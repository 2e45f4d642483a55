import JSON
import TestSupport
import Testing

@testable import DDNS

/// Settings as the state file's reader makes them; each secret file holds `canary-KEY`.
func settings<P: Provider>(
  _: P.Type, _ values: [String: ProviderSettings.Setting] = [:]
) -> ProviderSettings {
  var values = values
  var secrets: [String: Secret] = [:]
  for key in P.keys where key.form == .secretFile && (key.isRequired || values[key.name] != nil) {
    values[key.name] = .text("/keys/\(key.name)")
    secrets[key.name] = Secret("canary-\(key.name)".utf8)
  }
  return ProviderSettings(type: P.name, values).with(secrets)
}

func provider<P: Provider>(
  _ type: P.Type, _ values: [String: ProviderSettings.Setting] = [:]
) throws -> P {
  // 2015-08-30 12:36:00 UTC.
  try P(settings(type, values), ProviderContext(time: 1_440_938_160, random: 7))
}

func set(
  _ type: RecordType, _ values: String..., named name: String = "vpn.example.org", ttl: UInt32? = 60
) -> RecordSet {
  RecordSet(RecordName(name)!, type, ttl: ttl, values.map { RecordValue($0, type: type)! })
}

let vpn = RecordName("vpn.example.org")!

func json(_ text: String, _ status: Int = 200, _ headers: [(String, String)] = []) -> HTTPResponse {
  HTTPResponse(
    status: status, headers: headers.map { (name: $0.0, value: $0.1) }, body: Array(text.utf8))
}

extension HTTPRequest {
  /// The first line and the body, as they are sent.
  var shown: String {
    let scheme = origin.isSecure ? "https" : "http"
    let first = "\(method.rawValue) \(scheme)://\(origin.authority)\(revealedTarget)"
    return body.isEmpty ? first : first + "\n" + String(decoding: body, as: UTF8.self)
  }

  func sent(_ header: String) -> String? {
    headers.first { $0.name.lowercased() == header.lowercased() }?.value.revealed
  }
}

/// Carries out an exchange with answers from a script, whose requests must be those that are made.
@discardableResult
func converse<Value>(
  _ exchange: Exchange<Value>, _ script: [(request: String, response: HTTPResponse)],
  _ sourceLocation: SourceLocation = #_sourceLocation,
  inspect: (HTTPRequest) -> Void = { _ in }
) throws -> Value {
  var (exchange, script) = (exchange, script[...])
  while true {
    switch exchange {
    case .done(let value):
      #expect(script.isEmpty, "not asked: \(script)", sourceLocation: sourceLocation)
      return value
    case .ask(let request, let next):
      guard case .http(let http) = request else { throw CommandFailed(description: "no HTTP") }
      // A request that is logged or shown must not show a secret.
      #expect(!"\(http)".contains("canary"), sourceLocation: sourceLocation)
      inspect(http)
      let first = script.popFirst()
      let line = try #require(
        first, "asks more: \(http.shown)", sourceLocation: sourceLocation)
      #expect(http.shown == line.request, sourceLocation: sourceLocation)
      exchange = try next(.http(line.response))
    }
  }
}

/// The error in which an exchange ends.
func failure<Value>(
  _ exchange: Exchange<Value>, _ script: [(request: String, response: HTTPResponse)],
  _ sourceLocation: SourceLocation = #_sourceLocation
) -> ProviderError? {
  do {
    _ = try converse(exchange, script, sourceLocation)
    return nil
  } catch {
    return error as? ProviderError
  }
}
