internal import CJansson

/// A JSON text (RFC 8259) that jansson has accepted, with its tree.
///
/// Of a repeated member the last value counts. `\u0000` is refused: the kernel would take a name
/// that holds it to end there. Comments, where they are allowed, are as if they weren't there.
public final class Document {
  /// A member whose key an earlier member of the same object has.
  public struct Duplicate: Hashable, Sendable {
    public let pointer: Pointer
    /// The key's place.
    public let place: Place
  }

  let text: [UInt8]
  private let allowsComments: Bool
  private let tree: UnsafeMutablePointer<json_t>
  private let repeats: Bool

  public init(_ bytes: [UInt8], allowsComments: Bool = false) throws(SyntaxError) {
    let plain = allowsComments ? Comments.blanked(bytes) ?? bytes : bytes
    var failure = json_error_t()
    var tree = Self.parse(plain, flags: JSON_REJECT_DUPLICATES, &failure)
    let repeats = tree == nil && json_error_code(&failure) == json_error_duplicate_key
    if repeats { tree = Self.parse(plain, flags: 0, &failure) }
    guard let tree else { throw Self.diagnosis(of: Scanner(bytes, allowsComments), failure) }
    self.text = bytes
    self.allowsComments = allowsComments
    self.tree = tree
    self.repeats = repeats
  }

  deinit { json_decref(tree) }

  /// The outermost value, of any kind. Valid only while the document lives; see ``Value``.
  public var root: Value { Value(node: tree) }

  /// Every repetition of a key within one object, in the order of the text.
  ///
  /// Free when there is none; otherwise each call walks the whole text.
  public var duplicates: [Duplicate] {
    repeats ? DuplicateSearch.duplicates(in: scanner) : []
  }

  /// Where values begin; a pointer that leads nowhere has no entry.
  ///
  /// Each call reads the whole text once, however many pointers it is given.
  public func places(of pointers: some Sequence<Pointer>) -> [Pointer: Place] {
    PlaceSearch.places(of: Array(pointers), part: .value, in: scanner)
  }

  /// Where the keys of members begin; for an element or the root, where its value begins.
  ///
  /// Costs as much as ``places(of:)``.
  public func keyPlaces(of pointers: some Sequence<Pointer>) -> [Pointer: Place] {
    PlaceSearch.places(of: Array(pointers), part: .key, in: scanner)
  }

  private var scanner: Scanner { Scanner(text, allowsComments) }

  private static func parse(
    _ bytes: [UInt8], flags: Int32, _ failure: inout json_error_t
  ) -> UnsafeMutablePointer<json_t>? {
    // jansson seeds its hash tables from /dev/urandom when the process makes its first object,
    // safely among threads. We keep that default: the seed defeats keys made to collide, and
    // members keep the order of the text whatever it is.
    //
    // jansson 2.14 mistakes a NUL that it has pushed back, as it does after a number, for an empty
    // buffer, skips it, and accepts `[1\0]`. No JSON text contains a NUL.
    guard !bytes.contains(0) else { return nil }
    return bytes.withUnsafeBytes { bytes in
      json_loadb(bytes.baseAddress, bytes.count, Int(JSON_DECODE_ANY | flags), &failure)
    }
  }

  /// Our own diagnosis of a text that jansson has refused. jansson names the end of the token at
  /// which it gave up ("invalid token near '''"), not the mistake.
  private static func diagnosis(of text: Scanner, _ failure: json_error_t) -> SyntaxError {
    var scanner = text
    do throws(Fault) {
      try scanner.skipDocument()
    } catch {
      return SyntaxError(error, in: text.text)
    }
    // The scanner accepts what jansson refused: known only when jansson ran out of memory.
    let sentence = withUnsafeBytes(of: failure.text) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    return SyntaxError(Fault(max(0, Int(failure.position)), sentence), in: text.text)
  }
}
