// Describes what was found where something else belongs, for whoever wrote it by hand.
extension Scanner {
  func encodingFault() -> Fault? {
    if text.starts(with: [0xEF, 0xBB, 0xBF]) {
      return Fault(0, "the text begins with a byte order mark: save it as UTF-8 without one")
    }
    if text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF]) {
      return Fault(0, "the text is UTF-16: save it as UTF-8")
    }
    return nil
  }

  func ended() -> Fault {
    guard let opened = open.last else {
      return Fault(offset, text.isEmpty ? "the text is empty" : "the text ends before any value")
    }
    let container = text[opened] == "{" ? "an object" : "an array"
    return Fault(offset, "the text ends inside \(container)", opened: opened)
  }

  func unseparated(before bracket: Unicode.Scalar) -> Fault {
    if let byte, "\"{[-".utf8.contains(byte) || byte.isLetter || byte.isDigit {
      return Fault(offset, "a comma is missing before this")
    }
    var fault = unexpected("',' or '\(bracket)'")
    fault.opened = open.last
    return fault
  }

  func unexpected(_ expected: String) -> Fault {
    guard let byte else { return ended() }
    switch byte {
    case "'": return Fault(offset, "strings and keys stand in double quotes, not in single ones")
    case "#" where allowsComments:
      return Fault(offset, "a comment begins with //, or stands between /* and */")
    case "/" where allowsComments && text[offset...].dropFirst().first == "*":
      return Fault(offset, "a comment that nothing ends: */ is missing")
    case "/" where allowsComments: break
    case "#", "/": return Fault(offset, "JSON has no comments")
    case "+": return Fault(offset, "a number has no plus sign")
    case ..<0x20: return Fault(offset, "the byte 0x\(byte.hex) where \(expected) belongs")
    case _ where byte.isLetter: return unexpected(word: word(at: offset), expected)
    case ..<0x80: break
    default:
      do throws(Fault) {
        let length = try sequenceLength()
        let character = String(decoding: text[offset..<offset + length], as: UTF8.self)
        guard "\u{2018}\u{2019}\u{201C}\u{201D}\u{201E}".contains(character) else {
          return Fault(offset, "'\(character)' where \(expected) belongs")
        }
        return Fault(offset, "strings and keys stand in straight double quotes")
      } catch {
        return error
      }
    }
    return Fault(offset, "'\(Unicode.Scalar(byte))' where \(expected) belongs")
  }

  private func unexpected(word: String, _ expected: String) -> Fault {
    if ["true", "false", "null"].contains(word.lowercased()), expected == "a value" {
      return Fault(offset, "\(word) is written \(word.lowercased())")
    }
    // A word is short: a megabyte of letters is cut.
    let word = word.utf8.count > 20 ? word.prefix(20) + "..." : word
    return Fault(offset, "\(word) where \(expected) belongs; names stand in double quotes")
  }
}
