/// Turns files into plain lines: removes comments, decides conditions, replaces parameters, expands
/// sequences and includes other files (keepalived.conf(5), ADVANCED CONFIGURATION).
struct LineReader {
  private let id: String?
  private let files: any Files
  private(set) var lines: [Line] = []
  private(set) var notes: [Note] = []
  private var parameters: [String: [UInt8]] = [:]
  /// A definition that continues on the next line.
  private var open: (name: String, value: [UInt8])?
  /// How many bytes may still be read: parameters that name one another could grow without end.
  private var budget = 8 << 20
  private var isExhausted = false

  private static let mostDepth = 16

  init(id: String?, files: any Files) {
    self.id = id
    self.files = files
  }

  /// False if there is no such file.
  mutating func read(_ path: String, depth: Int = 0) -> Bool {
    guard let bytes = files.contents(of: path) else { return false }
    let directory = path.contains("/") ? String(path[..<path.lastIndex(of: "/")!]) : "."
    let outer = parameters["_PWD"]
    parameters["_PWD"] = Array(directory.utf8)
    var number = 0
    for text in bytes.split(separator: .newline, omittingEmptySubsequences: false) {
      number += 1
      if isExhausted { break }
      let location = Location(file: path, line: number)
      add(Self.withoutComment(Array(text)).trimmed(), location, depth)
    }
    if let open {
      note(
        Location(file: path, line: number), "the definition of $\(open.name) goes on into nowhere")
      self.open = nil
    }
    parameters["_PWD"] = outer
    return true
  }

  private mutating func note(_ location: Location, _ message: String) {
    notes.append(Note(location: location, message: message))
  }

  private mutating func add(_ text: [UInt8], _ location: Location, _ depth: Int) {
    budget -= text.count + 16
    guard budget > 0 else {
      if !isExhausted {
        note(location, "too much, with all that is included and replaced: cut off here")
      }
      isExhausted = true
      return
    }
    if open != nil {
      let (part, goesOn) = Self.continuation(text)
      open!.value += part + (goesOn ? [.newline] : [])
      // A blank line within a definition doesn't end it.
      if !goesOn, !text.isEmpty { close() }
      return
    }
    guard var text = decided(text, location), !text.isEmpty else { return }
    if define(text) { return }
    text = replaced(text, location)
    if text.contains(.newline) {
      guard depth < Self.mostDepth else {
        note(location, "parameters name one another too deeply")
        return
      }
      for part in text.split(separator: .newline) {
        add(Array(part).trimmed(), location, depth + 1)
      }
      return
    }
    // A parameter may expand to a condition.
    guard let text = decided(text.trimmed(), location), !text.isEmpty else { return }
    if text.starts(with: Array("~SEQ".utf8)) {
      unroll(text, location, depth)
    } else if !include(text, location, depth) {
      lines.append(Line(text: text, location: location))
    }
  }

  // MARK: - Conditions

  /// The line without its `@ID`; nil if that excludes it.
  private mutating func decided(_ text: [UInt8], _ location: Location) -> [UInt8]? {
    guard text.first == .at else { return text }
    let word = text.prefix { !$0.isSpace }.dropFirst()
    let isNegated = word.first == .caret
    let name = Array(isNegated ? word.dropFirst() : word).string
    guard (name == id) != isNegated else {
      if id == nil {
        note(location, "left out: it is for --config-id \(name) (none was given)")
      }
      return nil
    }
    return Array(text.dropFirst(word.count + 1)).trimmed()
  }

  // MARK: - Parameters

  /// Whether the line is `$NAME=VALUE`.
  private mutating func define(_ text: [UInt8]) -> Bool {
    guard text.first == .dollar, let equals = text.firstIndex(of: .equals), equals > 1,
      text[1..<equals].allSatisfy(\.isNameByte)
    else { return false }
    let (value, goesOn) = Self.continuation(Array(text[(equals + 1)...]).trimmed())
    open = (Array(text[1..<equals]).string, value + (goesOn && !value.isEmpty ? [.newline] : []))
    if !goesOn { close() }
    return true
  }

  private mutating func close() {
    guard let open else { return }
    parameters[open.name] = open.value
    self.open = nil
  }

  private static func continuation(_ text: [UInt8]) -> (text: [UInt8], goesOn: Bool) {
    text.last == .backslash ? (Array(text.dropLast()).trimmed(), true) : (text, false)
  }

  /// The line with its parameters replaced, including those in parameters' values.
  private mutating func replaced(_ text: [UInt8], _ location: Location) -> [UInt8] {
    guard text.contains(.dollar) else { return text }
    var result: [UInt8] = []
    // Reversed, so that a parameter's value is pushed in front of the rest.
    var rest = Array(text.reversed())
    var count = 0
    while let byte = rest.popLast() {
      guard byte == .dollar, let (name, length) = Self.reference(rest), let value = value(name)
      else {
        result.append(byte)
        continue
      }
      rest.removeLast(length)
      // In a value of several lines, parameters are replaced as each line is read.
      if value.contains(.newline) {
        result += value
      } else {
        rest += value.reversed()
      }
      count += 1
      guard count <= 1000, result.count + rest.count <= 1 << 16 else {
        note(location, "parameters name one another without end")
        return []
      }
    }
    return result
  }

  /// The name after a `$`, and how many bytes the reference takes; `rest` is reversed.
  private static func reference(_ rest: [UInt8]) -> (name: String, length: Int)? {
    if rest.last == .openBrace {
      let name = Array(rest.dropLast().reversed().prefix { $0 != .closeBrace })
      guard !name.isEmpty, name.count + 2 <= rest.count else { return nil }
      return (name.string, name.count + 2)
    }
    let name = Array(rest.reversed().prefix(while: \.isNameByte))
    let next = rest.dropLast(name.count).last
    return name.isEmpty || next.map { !$0.isSpace } ?? false ? nil : (name.string, name.count)
  }

  private func value(_ name: String) -> [UInt8]? {
    switch name {
    case "_HASH": [.hash]
    case "_BANG": [.bang]
    case "_INSTANCE": id.map { Array($0.utf8) } ?? parameters[name]
    default: parameters[name]
    }
  }

  // MARK: - Sequences

  /// `~SEQ(NAME, START, STEP, END) LINE`
  private mutating func unroll(_ text: [UInt8], _ location: Location, _ depth: Int) {
    let isHex = text.starts(with: Array("~SEQx".utf8))
    guard let opening = text.firstIndex(of: .opening), let closing = text.firstIndex(of: .closing),
      opening == (isHex ? 5 : 4), opening < closing, depth < Self.mostDepth
    else {
      note(location, "not understood: \(shown(text.string))")
      return
    }
    let parts = text[(opening + 1)..<closing].split(
      separator: .comma, omittingEmptySubsequences: false
    ).map { Array($0).trimmed().string }
    let numbers = parts.dropFirst().map(Self.number)
    guard (2...4).contains(parts.count), numbers.allSatisfy({ $0 != nil }),
      let end = numbers.last ?? nil
    else {
      note(location, "not understood: \(shown(text.string))")
      return
    }
    let start = numbers.count > 1 ? numbers[0]! : (end > 0 ? 1 : -1)
    let step = numbers.count > 2 ? numbers[1]! : (end >= start ? 1 : -1)
    guard step != 0, abs(end - start) / abs(step) <= 65_536 else {
      note(location, "a sequence without end: \(shown(text.string))")
      return
    }
    let line = Array(text[(closing + 1)...]).trimmed()
    for number in stride(from: start, through: end, by: step) where !isExhausted {
      parameters[parts[0]] = Array(String(number, radix: isHex ? 16 : 10).utf8)
      add(line, location, depth + 1)
    }
  }

  private static func number(_ text: String) -> Int? {
    let isNegative = text.hasPrefix("-")
    let digits = text.dropFirst(isNegative ? 1 : 0)
    let number = digits.hasPrefix("0x") ? Int(digits.dropFirst(2), radix: 16) : Int(digits)
    guard let number, number < 1 << 32 else { return nil }
    return isNegative ? -number : number
  }

  // MARK: - Included files

  private static let includes: Set<String> = [
    "include", "includer", "includem", "includew", "includeb", "includea",
  ]

  private mutating func include(_ text: [UInt8], _ location: Location, _ depth: Int) -> Bool {
    let words = text.split(whereSeparator: \.isSpace)
    guard Self.includes.contains(Array(words[0]).string) else { return false }
    guard words.count == 2 else {
      note(location, "include needs a file's name")
      return true
    }
    guard depth < Self.mostDepth else {
      note(location, "included too deeply: do files include one another?")
      return true
    }
    var path = Array(words[1]).string
    if !path.hasPrefix("/"), let slash = location.file.lastIndex(of: "/") {
      path = location.file[...slash] + path
    }
    let matches = files.paths(matching: path)
    if matches.isEmpty { note(location, "no file to include: \(shown(path))") }
    for match in matches where !isExhausted {
      if !read(match, depth: depth + 1) { note(location, "cannot read \(shown(match))") }
    }
    return true
  }

  // MARK: - Comments

  /// The line up to a `#` or `!` that isn't quoted.
  private static func withoutComment(_ text: [UInt8]) -> [UInt8] {
    var quote: UInt8?
    var position = 0
    while position < text.count {
      switch text[position] {
      case .backslash: position += 1
      case .quote, .apostrophe:
        if quote == nil { quote = text[position] } else if quote == text[position] { quote = nil }
      case .hash, .bang: if quote == nil { return Array(text[..<position]) }
      default: break
      }
      position += 1
    }
    return text
  }
}

/// Access to the files of a configuration.
public protocol Files {
  /// Nil if the file can't be read.
  func contents(of path: String) -> [UInt8]?
  /// As glob(7) does, sorted.
  func paths(matching pattern: String) -> [String]
  /// The path of the program that PATH finds by this name.
  func program(called name: String) -> String?
}

/// The text for a message: on one line, and cut if it is long.
func shown(_ text: String) -> String {
  let scalars = text.unicodeScalars.prefix(60).map {
    $0.properties.generalCategory == .control ? "?" : String($0)
  }
  return "\"" + scalars.joined() + (text.unicodeScalars.count > 60 ? "..." : "") + "\""
}
