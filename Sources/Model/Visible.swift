extension Substring {
  /// See ``String/visible``.
  public var visible: String { String(self).visible }

  /// See ``String/visible(limit:)``.
  public func visible(limit: Int) -> String { String(self).visible(limit: limit) }
}

extension String {
  /// The text on one line, with every character that a terminal acts on or doesn't show (control
  /// characters, line separators, marks that turn the direction of writing) written as `\u{1b}`.
  ///
  /// For text that somebody else wrote: answers to probes, comments of others' rules.
  public var visible: String {
    if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return self }
    var text = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.isInvisible: text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// The same, cut to `limit` characters.
  public func visible(limit: Int) -> String {
    guard utf8.count > limit else { return visible }
    let shown = String(String.UnicodeScalarView(unicodeScalars.prefix(limit + 1))).visible
    let count = shown.unicodeScalars.count
    guard count > limit else { return shown }
    return String(String.UnicodeScalarView(shown.unicodeScalars.prefix(limit - 3))) + "..."
  }
}

extension Unicode.Scalar {
  /// Whether a terminal acts on it or shows nothing for it.
  public var isInvisible: Bool {
    if value < 0x7f { return value < 0x20 }
    return switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
