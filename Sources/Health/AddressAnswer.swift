import JSON
import Model

extension AddressSource.HTTP {
  /// The address in an answer's body, as it is written there.
  func text(in body: [UInt8]) throws(ProbeFailure) -> String {
    guard let pointer else {
      return String(decoding: body.prefix(1024), as: UTF8.self).trimmingWhitespace
    }
    let document: JSON.Document
    do throws(JSON.SyntaxError) {
      document = try JSON.Document(body)
    } catch {
      throw ProbeFailure("the answer is no JSON")
    }
    defer { withExtendedLifetime(document) {} }
    var value: JSON.Value? = document.root
    // RFC 6901, 4.
    for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      let key = String(part.replacing("~1", with: "/").replacing("~0", with: "~"))
      value = value?.elements == nil ? value?[key] : Int(key).flatMap { value?[$0] }
    }
    guard let text = value?.string else {
      throw ProbeFailure("the answer has no text at \(quoted(pointer))")
    }
    return text.trimmingWhitespace
  }
}

extension AddressSource.DNS {
  /// The address in a record: of type A or AAAA the record itself, of TXT its text (RFC 1035, 3.3.14).
  func text(in record: ArraySlice<UInt8>) -> String? {
    if type != 16 { return IPAddress(bytes: record)?.description }
    guard let length = record.first, record.count > Int(length) else { return nil }
    return String(decoding: record.dropFirst().prefix(Int(length)), as: UTF8.self)
      .trimmingWhitespace
  }
}

extension String {
  fileprivate var trimmingWhitespace: String {
    var text = self[...]
    while text.first?.isWhitespace ?? false { text.removeFirst() }
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return String(text)
  }
}
