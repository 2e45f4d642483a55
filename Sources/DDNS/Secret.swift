/// A token, password or key. No description, interpolation or reflection shows it.
public struct Secret: Hashable, Sendable {
  private let content: [UInt8]

  public init(_ bytes: some Sequence<UInt8>) { content = Array(bytes) }

  /// For what goes to the provider, and for nothing else.
  public var bytes: [UInt8] { content }
  /// The same as text.
  public var text: String { String(decoding: content, as: UTF8.self) }

  /// A secret made of it, such as a header's value.
  public func map(_ body: (String) -> String) -> Secret { Secret(body(text).utf8) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<secret>" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A text that is sent, and may be secret.
public enum Sensitive: Hashable, Sendable, ExpressibleByStringInterpolation {
  case plain(String)
  case secret(Secret)

  public init(stringLiteral text: String) { self = .plain(text) }

  /// For what goes to the provider, and for nothing else.
  public var revealed: String {
    switch self {
    case .plain(let text): text
    case .secret(let secret): secret.text
    }
  }
}

extension Sensitive: CustomStringConvertible {
  public var description: String {
    switch self {
    case .plain(let text): text
    case .secret(let secret): secret.description
    }
  }
}
