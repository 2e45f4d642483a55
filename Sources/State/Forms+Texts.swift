internal import JSON
internal import Model

extension Form where Self == TextForm<LinkName> {
  static var link: Self { linkForm }
}

private let linkForm = TextForm<LinkName>(what: "a link's name") { text throws(Mismatch) in
  if let name = LinkName(text) { return name }
  let length = text.utf8.count
  throw length > 15
    ? Mismatch(
      "\(quoted(text)) is \(length) "
        + "\(length == text.unicodeScalars.count ? "characters" : "bytes"); 15 at most")
    : Mismatch(
      "\(quoted(text)) is no link's name: 1 to 15 characters without \"/\", \":\" and white space")
}

private let markForm = TextForm<Mark>(
  what: "a mark such as \"0x1900\" or \"0x1900/0xff00\""
) { text throws(Mismatch) in
  guard let mark = Mark(text) else {
    throw Mismatch(
      "\(quoted(text)) is not a mark; write hex such as \"0x1900\" or \"0x1900/0xff00\"")
  }
  guard mark.mask != 0 else {
    throw Mismatch("\(quoted(text)) has an empty mask, which every packet fits: leave the key out")
  }
  guard mark.bits & ~mark.mask == 0 else {
    throw Mismatch(
      "\(quoted(text)) has bits outside of its mask, and fits no packet; inside of it is "
        + "\"\(Mark(mark.bits & mark.mask, mask: mark.mask))\"")
  }
  return mark
}

/// A mark; the message for a number shows it written as a mark.
struct MarkForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> Mark {
    guard let number = value.integer, let bits = UInt32(exactly: number) else {
      return try markForm.read(value)
    }
    throw Mismatch("must be a string, not the number \(number): write \"\(Mark(bits))\"")
  }
}

/// A duration within limits, a multiple of the kernel's unit.
struct DurationForm: Form {
  var range: ClosedRange<Duration>
  var step: Duration
  /// Whether the word `forever` is allowed; it is read as nil.
  var isForeverAllowed = false

  func read(_ value: JSON.Value) throws(Mismatch) -> Duration? {
    if let number = value.integer, number >= 0 {
      throw Mismatch("must be a string with a unit, not the number \(number): write \"\(number)s\"")
    }
    guard let text = value.string else {
      throw Mismatch(value, mustBe: "a duration such as \"30s\"")
    }
    if isForeverAllowed, text == "forever" { return nil }
    guard let duration = Duration(text: text) else {
      throw Mismatch(
        "\(quoted(text)) is not a duration; write a whole number and one of us, ms, s, m, h, d, "
          + "such as \"90s\"" + (isForeverAllowed ? ", or \"forever\"" : ""))
    }
    guard range.contains(duration) else {
      throw Mismatch(
        "must be from \"\(range.lowerBound.text)\" to \"\(range.upperBound.text)\", "
          + "not \(quoted(text))")
    }
    guard duration.wholeNanoseconds % step.wholeNanoseconds == 0 else {
      throw Mismatch("must be a multiple of \"\(step.text)\", not \(quoted(text))")
    }
    return duration
  }
}

/// A port or a range of ports.
struct PortRangeForm: Form {
  let range: ClosedRange<UInt16>

  func read(_ value: JSON.Value) throws(Mismatch) -> PortRange {
    let what =
      "a port from \(range.lowerBound) to \(range.upperBound), or a range such as \"6881-6889\""
    if let text = value.string {
      guard let ports = PortRange(text) else {
        let ends = text.split(separator: "-").compactMap { UInt16($0) }
        throw ends.count == 2 && ends[0] > ends[1] && ends.allSatisfy(range.contains)
          ? Mismatch("\(quoted(text)) is upside down: write \"\(ends[1])-\(ends[0])\"")
          : Mismatch("\(quoted(text)) is not \(what)")
      }
      guard ports.first < ports.last else {
        throw Mismatch("\(quoted(text)) is a single port: write \(ports.first)")
      }
      guard range.contains(ports.first), range.contains(ports.last) else {
        throw Mismatch("must be \(what), not \(quoted(text))")
      }
      return ports
    }
    guard let number = value.integer, let port = UInt16(exactly: number), range.contains(port)
    else { throw Mismatch(value, mustBe: what) }
    return PortRange(port, port)!
  }
}

extension Form where Self == MarkForm {
  static var mark: MarkForm { MarkForm() }
}
