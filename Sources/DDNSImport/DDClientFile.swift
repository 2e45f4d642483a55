/// How ddclient.conf is written.
enum DDClientFile {
  /// Lines joined where they end in a backslash, with the number of each first one.
  static func lines(of bytes: [UInt8]) -> [(Int, String)] {
    var lines: [(Int, String)] = []
    let text = String(decoding: bytes, as: UTF8.self)
    var joined: (number: Int, text: String)?
    for (index, line) in text.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated() {
      var part = String(line)
      while part.last?.isWhitespace ?? false { part.removeLast() }
      let goesOn = part.hasSuffix("\\")
      if goesOn { part.removeLast() }
      joined = (joined?.number ?? index + 1, (joined?.text ?? "") + part)
      if !goesOn, let whole = joined {
        lines.append((whole.number, whole.text))
        joined = nil
      }
    }
    if let joined { lines.append((joined.number, joined.text)) }
    return lines
  }

  /// `key=value, key='va lue' host,host login password`, up to a comment.
  static func words(of text: String) -> (settings: [(String, String)], rest: [String]) {
    var settings: [(String, String)] = []
    var rest: [String] = []
    var characters = Array(text)[...]
    func isEnd(_ character: Character) -> Bool { character.isWhitespace || character == "," }
    while let first = characters.first {
      if isEnd(first) {
        characters.removeFirst()
        continue
      }
      if first == "#" { break }
      let word = characters.prefix { !isEnd($0) && $0 != "=" && $0 != "#" }
      characters = characters.dropFirst(word.count)
      if word.isEmpty {
        characters.removeFirst()
        continue
      }
      // A space may stand around the sign.
      let afterSpace = characters.drop { $0 == " " || $0 == "\t" }
      guard rest.isEmpty, afterSpace.first == "=" else {
        rest.append(String(word))
        continue
      }
      characters = afterSpace.dropFirst().drop { $0 == " " || $0 == "\t" }
      var value = ""
      while let character = characters.first, !isEnd(character), character != "#" || !value.isEmpty
      {
        characters.removeFirst()
        if character == "\"" || character == "'" {
          value += String(characters.prefix { $0 != character })
          characters = characters.drop { $0 != character }.dropFirst()
        } else if character == "\\", let escaped = characters.popFirst() {
          value.append(escaped)
        } else {
          value.append(character)
        }
      }
      settings.append((String(word).lowercased(), value))
    }
    return (settings, rest)
  }
}
