public import Model
public import Netlink

/// How far the tunnel to a peer has come.
public struct WireGuardSession: Hashable, Sendable {
  public let publicKey: PublicKey
  /// Of the last handshake, since 1970 by the machine's clock; nil: there was none.
  public var handshake: Duration?
  public var endpoint: WireGuardPeer.Endpoint?
  /// In bytes.
  public var received: UInt64 = 0
  public var sent: UInt64 = 0

  init(_ publicKey: PublicKey) { self.publicKey = publicKey }
}

/// Reads the sessions of links, again and again.
///
/// It belongs to the network namespace in which it first reads. Not thread-safe.
public final class WireGuardSessions {
  private var socket: WireGuardSocket?

  public init() {}

  /// The machine's clock, by which the kernel dates handshakes, since 1970.
  public static var now: Duration { .sinceEpoch }

  /// Of all peers of a link; none where there is no such link.
  public func read(_ link: LinkName) throws(NetlinkError) -> [WireGuardSession] {
    // The module may be loaded later.
    if socket == nil { socket = try WireGuardSocket() }
    return try socket?.dump(link) { $0.wireGuardSessions }?.flatMap(\.self) ?? []
  }
}

extension Message {
  fileprivate var wireGuardSessions: [WireGuardSession] {
    let peers = genericAttributes.first { $0.type == WireGuardDevice.peers }
    return peers?.nested.compactMap { WireGuardSession($0.nested) } ?? []
  }
}

extension WireGuardSession {
  /// Nil for what goes on with a peer's allowed IPs, under its key alone.
  fileprivate init?(_ attributes: Attributes) {
    var (key, session): (PublicKey?, Self?)
    for attribute in attributes where attribute.type == WireGuardPeerAttribute.publicKey {
      key = PublicKey(bytes: Array(attribute.payload))
    }
    guard let key else { return nil }
    for attribute in attributes {
      switch attribute.type {
      case WireGuardPeerAttribute.handshake:
        session = session ?? Self(key)
        session?.handshake = Duration(timespec: attribute.payload)
      case WireGuardPeerAttribute.endpoint:
        session = session ?? Self(key)
        session?.endpoint = WireGuardPeer.Endpoint(socketAddress: attribute.payload)
      case WireGuardPeerAttribute.received:
        session = session ?? Self(key)
        session?.received = attribute.uint64 ?? 0
      case WireGuardPeerAttribute.sent:
        session = session ?? Self(key)
        session?.sent = attribute.uint64 ?? 0
      default: continue
      }
    }
    guard let session else { return nil }
    self = session
  }
}
