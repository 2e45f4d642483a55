/// The first thing that keeps a text from being JSON (RFC 8259).
public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  public let place: Place
  /// What is wrong and, where it helps, what would be right; without a capital or a full stop.
  public let sentence: String

  /// `LINE:COLUMN: SENTENCE`.
  public var description: String { "\(place): \(sentence)" }
}

extension SyntaxError {
  init(_ fault: Fault, in text: [UInt8]) {
    let offsets = [fault.offset] + (fault.opened.map { [$0] } ?? [])
    let places = Place.places(of: offsets, in: text)
    let opened = fault.opened.flatMap { places[$0] }.map { " (opened at \($0))" } ?? ""
    self.init(place: places[fault.offset]!, sentence: fault.sentence + opened)
  }
}

/// A syntax error at a byte offset. Turning the offset into a place takes a pass over the text.
struct Fault: Error {
  var offset: Int
  var sentence: String
  /// The offset of the quote or bracket that is never closed.
  var opened: Int?

  init(_ offset: Int, _ sentence: String, opened: Int? = nil) {
    self.offset = offset
    self.sentence = sentence
    self.opened = opened
  }
}
