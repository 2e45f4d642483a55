/// The types of records that can be published.
public enum RecordType: String, Hashable, Sendable, CaseIterable, Comparable {
  case a = "A"
  case aaaa = "AAAA"
  case srv = "SRV"
  case txt = "TXT"
  case https = "HTTPS"

  /// RFC 1035, 3.2.2; RFC 3596; RFC 2782; RFC 9460.
  public var number: UInt16 {
    switch self {
    case .a: 1
    case .txt: 16
    case .aaaa: 28
    case .srv: 33
    case .https: 65
    }
  }

  public init?(number: UInt16) {
    guard let type = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = type
  }

  public var holdsAddresses: Bool { self == .a || self == .aaaa }

  public static func < (a: RecordType, b: RecordType) -> Bool { a.number < b.number }
}
