internal import JSON
internal import Model

/// A number, or one of the names that stand for numbers.
struct NumberForm<Number: FixedWidthInteger & Sendable>: Form {
  /// `table`.
  let noun: String
  let range: ClosedRange<Number>
  /// The names that iproute2 compiles in, in the order in which messages list them.
  let known: [(name: String, number: Number)]
  /// The names that the machine adds.
  var more: [String: Number] = [:]

  func read(_ value: JSON.Value) throws(Mismatch) -> Number {
    if let text = value.string {
      if let match = known.first(where: { $0.name == text }) { return match.number }
      if let number = more[text] { return number }
      if let number = Number(text), range.contains(number) {
        throw Mismatch("\(noun) numbers are written without quotes: \(number)")
      }
      throw Mismatch("unknown \(noun) \(quoted(text))" + hint(text))
    }
    guard let integer = value.integer, let number = Number(exactly: integer), range.contains(number)
    else {
      throw Mismatch(
        value,
        mustBe: "a \(noun)'s name or an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private func hint(_ text: String) -> String {
    // The machine's own names may repeat iproute2's.
    let own = known.map(\.name)
    let names = own + more.keys.filter { !own.contains($0) }.sorted()
    if let nearest = Spelling.nearest(to: text, among: names) {
      return "; did you mean \"\(nearest)\"?"
    }
    return "; state a number from \(range.lowerBound) to \(range.upperBound), or one of "
      + Spelling.list(names, "and")
  }
}
