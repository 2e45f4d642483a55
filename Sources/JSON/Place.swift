/// Where something stands in a text, as an editor counts: from 1, columns in code points.
public struct Place: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// `LINE:COLUMN`.
  public var description: String { "\(line):\(column)" }

  public static func < (left: Place, right: Place) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

extension Place {
  /// The places of byte offsets, found in one pass over the text.
  static func places(of offsets: some Sequence<Int>, in text: [UInt8]) -> [Int: Place] {
    var places: [Int: Place] = [:]
    var place = Place(line: 1, column: 1)
    var position = 0
    for offset in offsets.sorted() {
      while position < min(offset, text.count) {
        let byte = text[position]
        if byte == UInt8(ascii: "\n") {
          place = Place(line: place.line + 1, column: 1)
        } else if byte & 0xC0 != 0x80 {  // the first byte of a UTF-8 sequence
          place.column += 1
        }
        position += 1
      }
      places[offset] = place
    }
    return places
  }
}
