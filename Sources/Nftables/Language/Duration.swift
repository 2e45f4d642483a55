extension Nftables {
  /// Times as nft(8) writes them: `1d2h3m4s5ms`.
  public enum Duration {
    private static let units: [(name: String, size: UInt64)] = [
      ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Nil if it isn't a time; a bare number is in seconds.
    public static func milliseconds(_ text: String) -> UInt64? {
      if let seconds = UInt32(text) { return UInt64(seconds) * 1000 }
      var rest = text[...]
      var total: UInt64 = 0
      var known = units
      while !rest.isEmpty {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let count = UInt32(digits) else { return nil }
        rest = rest.dropFirst(digits.count)
        let name = rest.prefix { $0.isLetter }
        guard let unit = known.firstIndex(where: { $0.name == name }) else { return nil }
        rest = rest.dropFirst(name.count)
        // Each unit may occur once.
        total += UInt64(count) * known.remove(at: unit).size
      }
      return text.isEmpty ? nil : total
    }

    public static func text(milliseconds: UInt64) -> String {
      if milliseconds == 0 { return "0s" }
      var rest = milliseconds
      var text = ""
      for (unit, size) in units {
        if rest >= size { text += "\(rest / size)\(unit)" }
        rest %= size
      }
      return text
    }
  }
}
