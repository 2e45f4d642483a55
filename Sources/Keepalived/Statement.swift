/// A line's words, and the block that follows.
struct Statement: Equatable {
  var words: [String]
  /// Nil: no braces.
  var block: [Statement]?
  var location: Location

  var keyword: String { words[0] }
  /// The first word after the keyword.
  var value: String? { words.count > 1 ? words[1] : nil }
  var statements: [Statement] { block ?? [] }
}

/// Puts lines together into statements, known or not: everything that keepalived knows is in
/// blocks.
struct StatementParser {
  private(set) var notes: [Note] = []
  /// The open blocks, outermost first, with their statements so far.
  private var stack: [(header: Statement?, statements: [Statement])] = [(nil, [])]
  /// A statement that may still be followed by a block.
  private var pending: Statement?
  /// How many blocks are open that nest too deep to be kept.
  private var skipped = 0

  private static let mostDepth = 32

  mutating func parse(_ lines: [Line]) -> [Statement] {
    for line in lines {
      var words = WordReader(line.text)
      var statement = Statement(words: [], block: nil, location: line.location)
      while let word = words.next() {
        switch word {
        case .text(let text): statement.words.append(text)
        case .opening:
          end(&statement)
          open(line.location)
        case .closing:
          end(&statement)
          close(line.location)
        }
      }
      end(&statement)
    }
    finishPending()
    while stack.count > 1 {
      note(stack.last!.header!.location, "\"\(stack.last!.header!.keyword)\" has no closing brace")
      close(stack.last!.header!.location)
    }
    return stack[0].statements
  }

  private mutating func note(_ location: Location, _ message: String) {
    notes.append(Note(location: location, message: message))
  }

  private mutating func end(_ statement: inout Statement) {
    if statement.words.isEmpty { return }
    finishPending()
    pending = statement
    statement.words = []
  }

  private mutating func finishPending() {
    guard let statement = pending else { return }
    pending = nil
    if skipped == 0 { stack[stack.count - 1].statements.append(statement) }
  }

  private mutating func open(_ location: Location) {
    guard skipped == 0, stack.count <= Self.mostDepth else {
      if skipped == 0 { note(location, "blocks within blocks too deep: left out") }
      pending = nil
      skipped += 1
      return
    }
    guard let header = pending else {
      note(location, "a block without a name: left out")
      skipped += 1
      return
    }
    pending = nil
    stack.append((header, []))
  }

  private mutating func close(_ location: Location) {
    finishPending()
    if skipped > 0 {
      skipped -= 1
      return
    }
    guard stack.count > 1, let (header, statements) = stack.popLast(), var header else {
      note(location, "a closing brace too many")
      return
    }
    header.block = statements
    stack[stack.count - 1].statements.append(header)
  }
}

/// Splits a line into words at white space, with quotes and escapes undone.
struct WordReader {
  enum Word: Equatable {
    case text(String)
    case opening, closing
  }

  private let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) { self.text = text }

  mutating func next() -> Word? {
    while position < text.count, text[position].isSpace { position += 1 }
    guard position < text.count else { return nil }
    if text[position] == .openBrace {
      position += 1
      return .opening
    }
    if text[position] == .closeBrace {
      position += 1
      return .closing
    }
    var word: [UInt8] = []
    var quote: UInt8?
    // What looks like a parameter but isn't one keeps its braces.
    var isInReference = false
    while position < text.count {
      let byte = text[position]
      if let end = quote {
        if byte == end {
          quote = nil
        } else if byte == .backslash, position + 1 < text.count {
          position += 1
          word.append(Self.escaped(text[position]))
        } else {
          word.append(byte)
        }
      } else if byte == .quote || byte == .apostrophe {
        quote = byte
      } else if byte.isSpace {
        break
      } else if byte == .openBrace {
        guard word.last == .dollar else { break }
        isInReference = true
        word.append(byte)
      } else if byte == .closeBrace {
        guard isInReference else { break }
        isInReference = false
        word.append(byte)
      } else {
        word.append(byte)
      }
      position += 1
    }
    return .text(word.string)
  }

  private static func escaped(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "a"): 0x07
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "E"): 0x1b
    case UInt8(ascii: "f"): 0x0c
    case UInt8(ascii: "n"): 0x0a
    case UInt8(ascii: "r"): 0x0d
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "v"): 0x0b
    default: byte
    }
  }
}
