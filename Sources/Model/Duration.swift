extension Duration: ValueConvertible {
  /// The units of a duration's text, in nanoseconds, largest first.
  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
    ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000),
  ]

  /// Parses a whole number and one unit (`us`, `ms`, `s`, `m`, `h`, `d`): `750ms`, `1s`.
  public init?(text: String) {
    let digits = text.utf8.prefix { $0 &- 48 < 10 }
    let unit = text.utf8.dropFirst(digits.count)
    guard !digits.isEmpty, digits.count <= 9, digits.count == 1 || digits.first != 48,
      let number = Int64(String(digits)!),
      let match = Self.units.first(where: { $0.name.utf8.elementsEqual(unit) })
    else { return nil }
    let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: match.nanoseconds)
    if overflow { return nil }
    self = .nanoseconds(nanoseconds)
  }

  public var wholeNanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }

  public var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }

  /// Written in the largest unit that needs no fraction.
  public var text: String {
    let total = wholeNanoseconds
    let unit =
      Self.units.first { total != 0 && total % $0.nanoseconds == 0 } ?? ("s", 1_000_000_000)
    return "\(total / unit.nanoseconds)\(unit.name)"
  }

  public var value: Value { .string(text) }
}
