public import JSON

extension Tree {
  /// The tree with its strings written so that reading a file gives them back: `$${` for `${`.
  public var escapingReferences: Tree { hasReferences ? escaped : self }

  private var hasReferences: Bool {
    switch self {
    case .object(let members): members.contains { $0.1.hasReferences }
    case .array(let elements): elements.contains { $0.hasReferences }
    case .string(let text): text.utf8.contains(UInt8(ascii: "$")) && text.contains("${")
    default: false
    }
  }

  private var escaped: Tree {
    switch self {
    case .object(let members): .object(members.map { ($0, $1.escaped) })
    case .array(let elements): .array(elements.map(\.escaped))
    case .string(let text): .string(text.replacing("${", with: "$${"))
    default: self
    }
  }
}
