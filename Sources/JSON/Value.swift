internal import CJansson

/// A value in a document's tree, as cheap to copy as a pointer.
///
/// Valid only while its ``Document`` lives: keep the document in a variable that is used after the
/// last of its values, or pass it along.
// A bare pointer into the tree, without a reference to the document: decoding would spend most of
// its time retaining one for each of 400,000 values. Sound while the document lives: the document
// owns the root, jansson's containers own what they hold, and only `Document.replace` changes the
// tree, before it is read.
@safe public struct Value {
  public enum Kind: Sendable {
    case object, array, string, integer, real, bool, null
  }

  let node: UnsafeMutablePointer<json_t>

  public var kind: Kind {
    switch node.pointee.type {
    case JSON_OBJECT: .object
    case JSON_ARRAY: .array
    case JSON_STRING: .string
    case JSON_INTEGER: .integer
    case JSON_REAL: .real
    case JSON_TRUE, JSON_FALSE: .bool
    default: .null
    }
  }

  /// Nil unless a string.
  public var string: String? {
    json_string_value(node).map { String(utf8: $0, count: json_string_length(node)) }
  }

  /// Nil unless a number without fraction and exponent that fits into 64 bits, signed.
  public var integer: Int? {
    kind == .integer ? Int(json_integer_value(node)) : nil
  }

  /// Nil unless a number with a fraction or an exponent.
  public var real: Double? {
    kind == .real ? json_real_value(node) : nil
  }

  /// Nil unless `true` or `false`.
  public var bool: Bool? {
    switch node.pointee.type {
    case JSON_TRUE: true
    case JSON_FALSE: false
    default: nil
    }
  }

  /// Nil unless an object.
  public var members: Members? {
    kind == .object ? Members(object: node) : nil
  }

  /// Nil unless an array.
  public var elements: Elements? {
    kind == .array ? Elements(array: node) : nil
  }

  /// The number of members or elements; 0 for any other value.
  public var count: Int {
    switch kind {
    case .object: json_object_size(node)
    case .array: json_array_size(node)
    default: 0
    }
  }

  /// Nil unless an object that has the member.
  public subscript(key: String) -> Value? {
    var key = key
    return key.withUTF8 { key in
      key.withMemoryRebound(to: CChar.self) { json_object_getn(node, $0.baseAddress, $0.count) }
    }.map(Value.init)
  }

  /// Nil unless an array that has the element; counted from 0.
  public subscript(index: Int) -> Value? {
    // jansson's index is unsigned: a negative one is past any end.
    json_array_get(node, index).map(Value.init)
  }
}

extension Value {
  /// The members of an object, in the order of the text; a repeated key stands where it first
  /// occurs.
  @safe public struct Members: Sequence {
    let object: UnsafeMutablePointer<json_t>

    public var count: Int { json_object_size(object) }

    public func makeIterator() -> Iterator {
      Iterator(object: object, position: json_object_iter(object))
    }

    @safe public struct Iterator: IteratorProtocol {
      let object: UnsafeMutablePointer<json_t>
      var position: UnsafeMutableRawPointer?

      public mutating func next() -> (key: String, value: Value)? {
        guard let here = position else { return nil }
        position = json_object_iter_next(object, here)
        // A key of at most 15 bytes is stored in the String itself: nothing is allocated.
        let key = String(utf8: json_object_iter_key(here), count: json_object_iter_key_len(here))
        return (key, Value(node: json_object_iter_value(here)))
      }
    }
  }

  /// The elements of an array.
  @safe public struct Elements: RandomAccessCollection {
    let array: UnsafeMutablePointer<json_t>

    public var startIndex: Int { 0 }
    public var endIndex: Int { json_array_size(array) }

    public subscript(index: Int) -> Value {
      precondition(indices.contains(index), "index out of range")
      return Value(node: json_array_get(array, index))
    }
  }
}

extension String {
  /// From bytes that jansson has checked to be UTF-8.
  fileprivate init(utf8 bytes: UnsafePointer<CChar>, count: Int) {
    let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
    self.init(decoding: bytes, as: UTF8.self)
  }
}
