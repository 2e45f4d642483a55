internal import Model

enum ProbeKey: Int, ObjectKey {
  case type, interval, timeout, rise, fall, jitter, source, link, mark, address
  case port, method, path, host, headers, basicAuthFile, apiKeyFile, status, body
  case verify, serverName, caFile
  case send, expect
  case transport, name, qtype, rcode, answer
  case command, content, maxAge
  case healthPort, controlPort
  case publicAddress

  static let names = spelledNames()
  static let example = "{ \"type\": \"tcp\", \"address\": \"192.0.2.1\", \"port\": 80 }"
  static let common: KeySet<ProbeKey> = [
    .type, .interval, .timeout, .rise, .fall, .jitter, .publicAddress,
  ]
  /// The keys of probes that ask over the network.
  private static let network: KeySet<ProbeKey> = [.source, .link, .mark, .address]
  private static let http: KeySet<ProbeKey> = [
    .port, .method, .path, .host, .headers, .basicAuthFile, .apiKeyFile, .status, .body,
  ]

  /// The keys that each type of probe has besides the common ones.
  static let own: [(type: String, keys: KeySet<ProbeKey>)] = [
    ("http", network + http),
    ("https", network + http + [.verify, .serverName, .caFile]),
    ("tcp", network + [.port, .send, .expect]),
    ("udp", network + [.port, .send, .expect]),
    ("dns", network + [.port, .transport, .name, .qtype, .rcode, .answer]),
    ("icmp", network),
    ("exec", [.command]),
    ("file", [.path, .content, .maxAge]),
    ("address", []),
    ("gluetun", network + [.healthPort, .controlPort, .basicAuthFile, .apiKeyFile]),
  ]

  static func keys(ofType type: String?) -> KeySet<Self>? {
    own.first { $0.type == type }.map { common + $0.keys }
  }
}

/// The keys of a source of public addresses.
enum AddressSourceKey: Int, ObjectKey {
  case http, pointer, caFile, dns, server, qtype, `class`, stun
  case family, interval, timeout, source, link, mark

  static let names = spelledNames()
  static let example = "{ \"stun\": \"stun.example.org:3478\" }"
}
