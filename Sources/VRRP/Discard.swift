/// Why a packet is ignored.
public struct Discard: Error, Hashable, Sendable {
  public let reason: Reason
  /// What was found and what would be right, in the reason's own unit.
  public let found: UInt32
  public let expected: UInt32

  public init(_ reason: Reason, found: Int = 0, expected: Int = 0) {
    self.reason = reason
    self.found = UInt32(found)
    self.expected = UInt32(expected)
  }

  /// In the order of the checks.
  public enum Reason: Int, Hashable, Sendable, CaseIterable {
    case header, length
    case foreign
    case hopLimit, family, destination, source, own
    case version, type, addressCount, size, checksum
    case trailerMissing, trailerUnexpected, trailer, key, stale, hmac, replay
    case authenticationType, password
    case interval, addresses
  }
}

extension Discard.Reason {
  /// The label of a metric, and the `reason=` of a log line.
  public var name: String {
    switch self {
    case .header: "header"
    case .length: "length"
    case .foreign: "foreign"
    case .hopLimit: "hop-limit"
    case .family: "family"
    case .destination: "destination"
    case .source: "source"
    case .own: "own"
    case .version: "version"
    case .type: "type"
    case .addressCount: "address-count"
    case .size: "size"
    case .checksum: "checksum"
    case .trailerMissing: "trailer-missing"
    case .trailerUnexpected: "trailer-unexpected"
    case .trailer: "trailer"
    case .key: "key"
    case .stale: "stale"
    case .hmac: "hmac"
    case .replay: "replay"
    case .authenticationType: "authentication-type"
    case .password: "password"
    case .interval: "interval"
    case .addresses: "addresses"
    }
  }

  /// Other virtual routers on the segment, and our id in the other family, are nobody's mistake:
  /// they are counted, never logged.
  public var isLogged: Bool { self != .foreign && self != .family }
}

extension Discard: CustomStringConvertible {
  /// What is wrong and what would be right.
  public var description: String {
    switch reason {
    case .header: "not a whole IP packet"
    case .length: "\(found) bytes, at least \(expected) expected"
    case .foreign: "id \(found), ours is \(expected)"
    case .hopLimit:
      "TTL or hop limit \(found), at least \(expected) expected: the packet crossed a router"
    case .family: "an address family that this virtual router doesn't use"
    case .destination:
      expected == 0
        ? "not sent to the group, though there are no unicast peers"
        : "sent to a group, though there are unicast peers"
    case .source: "the source is no unicast peer"
    case .own: "the source is our own address: a loop, or somebody else has it"
    case .version: "version \(found), ours is \(expected)"
    case .type: "type \(found), 1 (advertisement) expected"
    case .addressCount: "no addresses, 1 to 255 expected"
    case .size: "\(found) bytes, \(expected) by its count of addresses"
    case .checksum: "wrong checksum"
    case .trailerMissing: "no HMAC, though we require one"
    case .trailerUnexpected: "an HMAC, though we have no keys"
    case .trailer: "an HMAC trailer of another scheme"
    case .key: "HMAC by key \(found), which we don't have"
    case .stale:
      "HMAC made \(found) s from now, at most \(expected) s allowed: a replay, or clocks differ"
    case .hmac: "wrong HMAC: another key, or forged"
    case .replay: "HMAC's sequence was seen before: a replay, or the sender's clock went back"
    case .authenticationType: "authentication type \(found), ours is \(expected)"
    case .password: "wrong password"
    case .interval:
      expected == 0
        ? "interval 0, 10ms to 40.95s expected"
        : "interval \(found)s, ours is \(expected)s, and version 2 wants both alike"
    case .addresses: "other addresses than ours"
    }
  }
}
