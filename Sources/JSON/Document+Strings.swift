internal import CJansson

extension Document {
  /// Where strings contain a text.
  public struct Occurrences: Sendable {
    /// Keys of members.
    public internal(set) var keys: [Pointer] = []
    public internal(set) var values: [(pointer: Pointer, text: String)] = []
  }

  /// The keys and the string values that contain `part`, in the order of the text.
  public func strings(containing part: String) -> Occurrences {
    var search = StringSearch(part: Array(part.utf8))
    // Most files contain none, not even one written with escapes.
    let mayContain = text.withUnsafeBytes {
      $0.includes(search.part) || $0.includes(Array("\\u".utf8))
    }
    if mayContain { search.visit(root) }
    return search.found
  }

  /// Replaces the value at a pointer, which isn't the root, by a scalar.
  ///
  /// The text and the places in it stay as they are. Call it before anything keeps a value of the tree: the
  /// one that is replaced is gone.
  public func replace(_ pointer: Pointer, by scalar: Tree) {
    var parent = root
    for component in pointer.components.dropLast() {
      switch component {
      case .key(let key): parent = parent[key]!
      case .index(let index): parent = parent[index]!
      }
    }
    switch pointer.components.last! {
    case .key(var key):
      // A key that is there keeps its place among the others.
      key.withUTF8 { key in
        _ = key.withMemoryRebound(to: CChar.self) {
          json_object_setn_new(parent.node, $0.baseAddress, $0.count, scalar.node)
        }
      }
    case .index(let index): json_array_set_new(parent.node, index, scalar.node)
    }
  }
}

private struct StringSearch {
  let part: [UInt8]
  var found = Document.Occurrences()
  private var path: [Pointer.Component] = []

  init(part: [UInt8]) { self.part = part }

  mutating func visit(_ value: Value) {
    switch value.kind {
    case .object:
      for (name, member) in value.members! {
        path.append(.key(name))
        if name.utf8.includes(part) { found.keys.append(Pointer(path)) }
        visit(member)
        path.removeLast()
      }
    case .array:
      for (index, element) in value.elements!.enumerated() {
        path.append(.index(index))
        visit(element)
        path.removeLast()
      }
    case .string:
      // Compared as bytes: most strings don't become a String here.
      let bytes = UnsafeRawBufferPointer(
        start: json_string_value(value.node), count: json_string_length(value.node))
      if bytes.includes(part) { found.values.append((Pointer(path), value.string!)) }
    default: break
    }
  }
}

extension Tree {
  /// A scalar as a node that the caller owns.
  fileprivate var node: UnsafeMutablePointer<json_t>? {
    switch self {
    case .string(var text):
      text.withUTF8 { text in
        text.withMemoryRebound(to: CChar.self) {
          // Null for an empty string, which jansson refuses.
          $0.isEmpty ? json_string("") : json_stringn($0.baseAddress, $0.count)
        }
      }
    case .integer(let number): json_integer(json_int_t(number))
    case .real(let number): json_real(number)
    case .bool(let flag): flag ? json_true() : json_false()
    case .null: json_null()
    case .object, .array: preconditionFailure("only a scalar replaces a value")
    }
  }
}

extension Collection<UInt8> {
  /// The library's own search is generic, and slow on megabytes.
  fileprivate func includes(_ part: [UInt8]) -> Bool {
    var rest = self[...]
    while let start = rest.firstIndex(of: part[0]) {
      if rest[start...].starts(with: part) { return true }
      rest = rest[rest.index(after: start)...]
    }
    return false
  }
}
