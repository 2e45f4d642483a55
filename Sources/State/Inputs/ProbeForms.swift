internal import JSON

/// Expected statuses: one, a range, or a list of those.
struct StatusForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> [ClosedRange<Int>] {
    guard let elements = value.elements else { return [try statuses(value)] }
    guard !elements.isEmpty else { throw Mismatch("must not be empty") }
    var list: [ClosedRange<Int>] = []
    for element in elements { list.append(try statuses(element)) }
    return list
  }

  private func statuses(_ value: JSON.Value) throws(Mismatch) -> ClosedRange<Int> {
    let all = 100...599
    if let status = value.integer, all.contains(status) { return status...status }
    if let ends = value.string?.split(separator: "-", omittingEmptySubsequences: false),
      ends.count == 2, ends.allSatisfy({ $0.utf8.count == 3 }),
      let first = Int(ends[0]), let last = Int(ends[1]), all.contains(first), all.contains(last),
      first < last
    {
      return first...last
    }
    throw Mismatch(
      value,
      mustBe: "a status from 100 to 599, a range such as \"200-299\", or a list of those")
  }
}

extension Form where Self == TextForm<String> {
  /// Any text that isn't empty.
  static var someText: Self { someTextForm }
  static var absolutePath: Self { absolutePathForm }
  /// A domain name without a final dot.
  static var domainName: Self { domainNameForm }
  /// A domain name, or the root.
  static var questionName: Self { questionNameForm }
}

private let someTextForm = TextForm<String>(what: "a string") { text throws(Mismatch) in
  guard !text.isEmpty else { throw Mismatch("must not be empty") }
  return text
}

private let absolutePathForm = TextForm<String>(
  what: "an absolute path"
) { text throws(Mismatch) in
  guard text.utf8.first == UInt8(ascii: "/"), text.utf8.count > 1,
    text.utf8.last != UInt8(ascii: "/"),
    text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
  else { throw Mismatch("\(quoted(text)) is no file's absolute path") }
  return text
}

private let domainNameForm = TextForm<String>(
  what: "a name such as \"example.org\""
) { text throws(Mismatch) in
  let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
  // RFC 1035, 2.3.4; underscores too, since services have them.
  let isSound = labels.allSatisfy { label in
    (1...63).contains(label.count)
      && label.allSatisfy {
        $0.isAlphanumeric || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
      }
  }
  guard isSound, text.utf8.count <= 253 else {
    throw Mismatch(
      "\(quoted(text)) is no domain name: labels of 1 to 63 letters, digits, \"-\" and \"_\" "
        + "with dots between, such as \"example.org\"")
  }
  return text
}

private let questionNameForm = TextForm<String>(
  what: "a name such as \"example.org\", or \".\""
) { text throws(Mismatch) in text == "." ? text : try domainNameForm.parse(text) }

let hostForm = TextForm<String>(what: "a host such as \"example.org\"") { text throws(Mismatch) in
  guard !text.isEmpty, text.utf8.allSatisfy({ $0.isVisible && $0 != UInt8(ascii: "/") }) else {
    throw Mismatch("\(quoted(text)) is no host; write one such as \"example.org\"")
  }
  return text
}

let requestPathForm = TextForm<String>(what: "a path such as \"/healthz\"") {
  text throws(Mismatch) in
  guard text.utf8.first == UInt8(ascii: "/"), text.utf8.allSatisfy(\.isVisible) else {
    throw Mismatch(
      "\(quoted(text)) is no path: it starts with \"/\", and other than visible ASCII is written "
        + "as %XX")
  }
  return text
}

/// RFC 9110, 5.1, without those headers that say how the request itself is sent.
let headerNameForm = TextForm<String>(what: "a header's name") { text throws(Mismatch) in
  guard !text.isEmpty,
    text.utf8.allSatisfy({ $0.isAlphanumeric || "!#$%&'*+-.^_`|~".utf8.contains($0) })
  else {
    throw Mismatch("\(quoted(text)) is no header's name; write one such as \"Accept\"")
  }
  switch text.lowercased() {
  case "host": throw Mismatch("\(quoted(text)) has a key of its own, \"host\", beside \"headers\"")
  case "connection", "content-length", "transfer-encoding":
    throw Mismatch("\(quoted(text)) is the probe's own to say")
  default: return text
  }
}

/// It may be a secret, and problems are logged and served, so no message shows it.
struct HeaderValueForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> String {
    guard let text = value.string else { throw Mismatch("must be a string") }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      throw Mismatch("has a control character")
    }
    return text
  }
}

extension UInt8 {
  /// An ASCII letter or digit.
  var isAlphanumeric: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  fileprivate var isVisible: Bool { (0x21...0x7e).contains(self) }
}
