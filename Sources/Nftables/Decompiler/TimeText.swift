internal import Addressing

/// tc's class ids: `1:2`.
enum ClassID {
  static func value(_ text: String) -> UInt64? {
    switch text {
    case "none": return 0
    case "root": return 0xffff_ffff
    default:
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2 else { return nil }
      guard let major = UInt16(parts[0].isEmpty ? "0" : parts[0], radix: 16),
        let minor = UInt16(parts[1].isEmpty ? "0" : parts[1], radix: 16)
      else { return nil }
      return UInt64(major) << 16 | UInt64(minor)
    }
  }

  static func text(_ value: UInt64) -> String {
    switch value {
    case 0: "none"
    case 0xffff_ffff: "root"
    default: "\(String(value >> 16, radix: 16)):\(String(value & 0xffff, radix: 16))"
    }
  }
}

/// Times of day and dates, in UTC.
enum TimeText {
  /// `10:00` or `10:00:30`.
  static func secondsOfDay(_ text: String) -> UInt64? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt64($0) }
    guard parts.count == 2 || parts.count == 3, let hour = parts[0], let minute = parts[1],
      hour < 24, minute < 60
    else { return nil }
    guard parts.count == 3 else { return hour * 3600 + minute * 60 }
    guard let second = parts[2], second < 60 else { return nil }
    return hour * 3600 + minute * 60 + second
  }

  /// `2022-01-31` or `2022-01-31 12:00:00`, as nanoseconds since 1970.
  static func nanoseconds(_ text: String) -> UInt64? {
    let parts = text.split(separator: " ")
    guard (1...2).contains(parts.count) else { return nil }
    let date = parts[0].split(separator: "-").map { Int($0) }
    guard date.count == 3, let year = date[0], let month = date[1], let day = date[2],
      (1970...2500).contains(year), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    // Days since 1970 in the proleptic Gregorian calendar (Hinnant's days_from_civil).
    let y = month <= 2 ? year - 1 : year
    let era = y / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146097 + dayOfEra - 719468
    var seconds: UInt64 = 0
    if parts.count == 2 {
      guard let time = secondsOfDay(String(parts[1])) else { return nil }
      seconds = time
    }
    return (UInt64(days) * 86400 + seconds) * 1_000_000_000
  }
}
