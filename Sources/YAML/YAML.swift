/// A value of a YAML document, which isn't interpreted beyond its structure.
public struct YAML: Sendable {
  public indirect enum Content: Sendable {
    /// `isPlain`: without quotes, so that it may stand for a number, a boolean or nothing.
    case scalar(String, isPlain: Bool)
    case list([YAML])
    case map([(key: String, value: YAML)])
  }

  public let content: Content
  /// From 1.
  public let line: Int

  public init(_ content: Content, line: Int) {
    (self.content, self.line) = (content, line)
  }

  /// The value under a key of a map.
  public subscript(key: String) -> YAML? {
    guard case .map(let members) = content else { return nil }
    return members.first { $0.key == key }?.value
  }

  public var members: [(key: String, value: YAML)]? {
    if case .map(let members) = content { members } else { nil }
  }

  public var elements: [YAML]? { if case .list(let elements) = content { elements } else { nil } }

  /// The text of a scalar that a reader of YAML takes for a string.
  public var string: String? {
    guard case .scalar(let text, let isPlain) = content else { return nil }
    return isPlain && (isNull || bool != nil || integer != nil) ? nil : text
  }

  public var integer: Int? {
    guard case .scalar(let text, isPlain: true) = content else { return nil }
    return text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
  }

  public var bool: Bool? {
    guard case .scalar(let text, isPlain: true) = content else { return nil }
    return switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }

  public var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    public let line: Int
    public let sentence: String

    public init(line: Int, _ sentence: String) {
      (self.line, self.sentence) = (line, sentence)
    }

    public var description: String { "\(line): \(sentence)" }
  }
}
