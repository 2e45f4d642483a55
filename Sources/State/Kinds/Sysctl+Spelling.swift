internal import Model

extension Sysctl.Key {
  /// Why the kernel would never show the value as it is written; nil if it may.
  ///
  /// The kernel reads numbers in C's notation and shows them in decimal (`proc_get_long`,
  /// `kernel/sysctl.c`): a setting written as `"0x1"` would differ for ever.
  func fault(of text: String) -> String? {
    if isWriteOnly { return "this setting can only be written, so there is no state of it to keep" }
    if holdsBitmap { return nil }
    let fields = text.split(whereSeparator: \.isWhitespace).map(String.init)
    for field in fields {
      guard let shown = Self.decimal(field), shown != field else { continue }
      let right = fields.map { Self.decimal($0) ?? $0 }.joined(separator: " ")
      return "the kernel reads \(quoted(field)) as \(shown) and shows it so: write "
        + (fields.count == 1 ? right : quoted(right))
    }
    return nil
  }

  private var isWriteOnly: Bool { parts.last == "flush" && parts.dropLast().last == "route" }

  /// Written and shown in hexadecimal digits, zero-padded.
  private var holdsBitmap: Bool {
    ["rps_default_mask", "flow_limit_cpu_bitmap", "tcp_fastopen_key"].contains(parts.last)
  }

  /// How the kernel shows a number in C's notation; nil if it isn't a number.
  private static func decimal(_ field: String) -> String? {
    var digits = field[...]
    let sign = digits.hasPrefix("-") ? "-" : ""
    if digits.hasPrefix("-") || digits.hasPrefix("+") { digits.removeFirst() }
    let number: UInt64?
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      number = UInt64(digits.dropFirst(2), radix: 16)
    } else if digits.hasPrefix("0"), digits.count > 1 {
      number = UInt64(digits, radix: 8)
    } else {
      number = digits.allSatisfy(\.isASCII) ? UInt64(digits) : nil
    }
    return number.map { $0 == 0 ? "0" : sign + String($0) }
  }
}
