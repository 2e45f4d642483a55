/// The path from a document's root to one of its values (RFC 6901).
public struct Pointer: Hashable, Sendable {
  public enum Component: Sendable {
    case key(String)
    /// From 0.
    case index(Int)
  }

  /// Empty for the root.
  public var components: [Component]

  public init(_ components: [Component] = []) {
    self.components = components
  }

  public func appending(_ component: Component) -> Pointer {
    Pointer(components + [component])
  }
}

extension Pointer: CustomStringConvertible {
  /// `/routes/3/via`, with `~` and `/` in keys written `~0` and `~1`; empty for the root.
  public var description: String {
    var text: [UInt8] = []
    for component in components {
      text.append(UInt8(ascii: "/"))
      switch component {
      case .index(let index): text += "\(index)".utf8
      case .key(let key):
        for byte in key.utf8 {
          switch byte {
          case UInt8(ascii: "~"): text += "~0".utf8
          case UInt8(ascii: "/"): text += "~1".utf8
          default: text.append(byte)
          }
        }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

// Keys are equal if their bytes are (RFC 8259, section 8.3; so does jansson). Swift's strings are
// equal already if their normalised forms are.
extension Pointer.Component: Hashable {
  public static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.key(let left), .key(let right)): left.utf8.elementsEqual(right.utf8)
    case (.index(let left), .index(let right)): left == right
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .index(let index): hasher.combine(index)
    case .key(var key):
      key.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
      hasher.combine(UInt8(0xFF))  // never a byte of UTF-8: keeps ["a", "b"] and ["ab"] apart
    }
  }
}

extension Pointer: ExpressibleByArrayLiteral {
  public init(arrayLiteral components: Component...) {
    self.init(components)
  }
}

extension Pointer.Component: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  public init(stringLiteral key: String) {
    self = .key(key)
  }

  public init(integerLiteral index: Int) {
    self = .index(index)
  }
}
