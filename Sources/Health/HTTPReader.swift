/// Reads one HTTP/1 answer as its bytes arrive (RFC 9112).
public struct HTTPReader {
  /// The status of the last head that has begun.
  public private(set) var status: Int?
  /// Whether the head is complete; false for an interim answer's.
  public private(set) var hasHead = false
  public private(set) var isDone = false
  /// Whether the answer is complete and the connection may carry another request.
  var leavesOpen: Bool { isDone && !isLast }
  private var isLast = false
  private var state = State.status
  /// The start of a line whose end hasn't arrived.
  private var line: [UInt8] = []
  /// The length of the head, of the trailer, or of one line between chunks.
  private var lineBytes = 0
  private var length = Length.unknown
  private var isChunked = false
  /// Whether the answer has no body, whatever its head says, since the request was HEAD.
  private let isHead: Bool

  private enum State {
    case status, field
    case body(left: Int)
    case chunkSize
    case chunk(left: Int)
    case chunkEnd
    case trailer
    case rest
  }

  private enum Length {
    case unknown
    case bytes(Int)
    case untilClose
  }

  /// How an answer violates HTTP.
  public struct Malformed: Error, CustomStringConvertible { public let description: String }

  /// The most that a head may have, in bytes.
  static let maxLines = 1 << 16

  public init(method: String) { isHead = method == "HEAD" }

  /// Takes the bytes that arrived; passes on those that belong to the body.
  public mutating func read(
    _ bytes: [UInt8], body: (ArraySlice<UInt8>) -> Void
  ) throws(Malformed) {
    var rest = bytes[...]
    while !rest.isEmpty, !isDone {
      switch state {
      case .status, .field, .chunkSize, .chunkEnd, .trailer:
        if let line = try takeLine(&rest) { try read(line: line) }
      case .body(let left):
        let part = rest.prefix(left)
        rest = rest.dropFirst(part.count)
        body(part)
        if part.count == left { isDone = true } else { state = .body(left: left - part.count) }
      case .chunk(let left):
        let part = rest.prefix(left)
        rest = rest.dropFirst(part.count)
        body(part)
        state = part.count == left ? .chunkEnd : .chunk(left: left - part.count)
      case .rest:
        body(rest)
        rest = []
      }
    }
    // Nobody asked for more.
    if !rest.isEmpty { isLast = true }
  }

  /// The peer sends no more; returns whether the answer is complete.
  public mutating func end() -> Bool {
    if case .rest = state { isDone = true }
    return isDone
  }

  /// The line without its end, CR LF or LF alone (RFC 9112, 2.2); nil if the end hasn't arrived.
  private mutating func takeLine(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> [UInt8]? {
    let end = rest.firstIndex(of: UInt8(ascii: "\n"))
    let part = rest[..<(end ?? rest.endIndex)]
    lineBytes += part.count + 1
    guard lineBytes <= Self.maxLines else {
      throw Malformed(description: "its head is longer than \(Self.maxLines >> 10) KiB")
    }
    line += part
    guard let end else {
      rest = []
      return nil
    }
    rest = rest[(end + 1)...]
    defer { line = [] }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return line
  }

  private mutating func read(line: [UInt8]) throws(Malformed) {
    switch state {
    case .status: try readStatus(line)
    case .field:
      if line.isEmpty { endHead() } else { try readField(line) }
    case .chunkSize:
      let digits = line.prefix { $0 != UInt8(ascii: ";") }.trimmed
      guard let size = digits.number(radix: 16) else {
        throw Malformed(description: "a chunk's size is \(digits.shown)")
      }
      state = size == 0 ? .trailer : .chunk(left: size)
      lineBytes = 0
    case .chunkEnd:
      guard line.isEmpty else { throw Malformed(description: "a chunk is longer than its size") }
      state = .chunkSize
      lineBytes = 0
    case .trailer: isDone = line.isEmpty
    case .body, .chunk, .rest: break
    }
  }

  /// `HTTP/1.1 200 OK`
  private mutating func readStatus(_ line: [UInt8]) throws(Malformed) {
    let words = line.split(
      separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count >= 2, words[0].starts(with: "HTTP/1.".utf8), words[0].count == 8,
      words[1].count == 3, let status = words[1].number(radix: 10), status >= 100
    else {
      throw Malformed(description: "it begins with \(line[...].shown)")
    }
    self.status = status
    isLast = words[0].last == UInt8(ascii: "0")
    state = .field
  }

  private mutating func readField(_ line: [UInt8]) throws(Malformed) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
      // A continuation of the line before, which was allowed once.
      if line[0] == UInt8(ascii: " ") || line[0] == UInt8(ascii: "\t") { return }
      // Doesn't show the line: the server may echo a secret header of ours.
      throw Malformed(description: "a header has no colon")
    }
    let value = line[(colon + 1)...].trimmed
    switch line[..<colon].lowercased {
    case "content-length":
      // A list of equal numbers is that number (RFC 9110, 8.6).
      let numbers = Set(
        value.split(separator: UInt8(ascii: ",")).map { $0.trimmed.number(radix: 10) })
      guard numbers.count == 1, case .some(.some(let number)) = numbers.first else {
        throw Malformed(description: "Content-Length is \(value.shown)")
      }
      if case .bytes(let other) = length, other != number {
        throw Malformed(description: "Content-Length is both \(other) and \(number)")
      }
      if case .unknown = length { length = .bytes(number) }
    case "transfer-encoding":
      // It overrides Content-Length; if chunked isn't the last coding, the body goes on to the end
      // (RFC 9112, 6.3).
      length = .untilClose
      isChunked = value.lowercased.hasSuffix("chunked")
    case "connection":
      let options = value.split(separator: UInt8(ascii: ",")).map(\.trimmed)
      if options.contains(where: { $0.lowercased == "close" }) { isLast = true }
    default: break
    }
  }

  private mutating func endHead() {
    guard let status else { return }
    if status < 200, status != 101 {
      // The final answer follows.
      self = HTTPReader(interim: self)
      return
    }
    hasHead = true
    if isHead || status < 200 || status == 204 || status == 304 {
      isDone = true
    } else if isChunked {
      state = .chunkSize
    } else if case .bytes(let count) = length {
      state = .body(left: count)
      isDone = count == 0
    } else {
      state = .rest
      isLast = true
    }
  }

  /// Reads the answer after an interim one; the interim answer's lines count towards the limit.
  private init(interim reader: HTTPReader) {
    isHead = reader.isHead
    lineBytes = reader.lineBytes
  }
}

extension ArraySlice<UInt8> {
  /// Without surrounding spaces.
  fileprivate var trimmed: Self {
    let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    var rest = drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest.removeLast() }
    return rest
  }

  fileprivate var lowercased: String { String(decoding: self, as: UTF8.self).lowercased() }

  /// A number of digits only, small enough to count bytes.
  fileprivate func number(radix: Int) -> Int? {
    guard !isEmpty, count < 16, allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") })
    else { return nil }
    return Int(String(decoding: self, as: UTF8.self), radix: radix)
  }

  /// As much of it as fits into a sentence.
  fileprivate var shown: String {
    let most = 40
    let text = prefix(most).map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: "?") }
    return quoted(String(decoding: text, as: UTF8.self)) + (count > most ? "..." : "")
  }
}
