public import Addressing

/// What one record says.
public enum RecordValue: Hashable, Sendable {
  /// A or AAAA, by the address's family.
  case address(IPAddress)
  /// SRV.
  case service(Service)
  /// TXT: its strings, joined.
  case text(String)
  /// HTTPS.
  case binding(Binding)

  /// RFC 2782.
  public struct Service: Hashable, Sendable {
    public var priority: UInt16
    public var weight: UInt16
    public var port: UInt16
    public var target: RecordName

    public init(priority: UInt16, weight: UInt16, port: UInt16, target: RecordName) {
      self.priority = priority
      self.weight = weight
      self.port = port
      self.target = target
    }
  }

  /// RFC 9460.
  public struct Binding: Hashable, Sendable {
    /// 0 is an alias.
    public var priority: UInt16
    /// Nil: the record's own name.
    public var target: RecordName?
    public var protocols: [String] = []
    public var port: UInt16?
    /// In the order of the record.
    public var hints: [IPAddress] = []
    /// Other parameters, by their numbers, which only somebody else's record has.
    public var others: [UInt16: [UInt8]] = [:]

    public init(priority: UInt16, target: RecordName?) {
      self.priority = priority
      self.target = target
    }
  }

  public var type: RecordType {
    switch self {
    case .address(let address): address.family == .inet ? .a : .aaaa
    case .service: .srv
    case .text: .txt
    case .binding: .https
    }
  }

  public var address: IPAddress? {
    if case .address(let address) = self { address } else { nil }
  }
}

extension IPAddress {
  /// Whether it could be reached from elsewhere.
  public var canBePublished: Bool {
    !isUnspecified && !isMulticast && !isLoopback && !isLinkLocal
  }
}

extension RecordValue: Comparable {
  public static func < (a: RecordValue, b: RecordValue) -> Bool {
    if case .address(let a) = a, case .address(let b) = b { return a < b }
    return a.type != b.type ? a.type < b.type : a.text < b.text
  }
}

extension RecordValue: CustomStringConvertible {
  public var description: String { text }

  /// As a zone file writes it (RFC 1035, 5.1): names end with a dot, texts are quoted.
  public var text: String {
    switch self {
    case .address(let address): address.description
    case .service(let service):
      "\(service.priority) \(service.weight) \(service.port) \(service.target.absolute)"
    case .text(let text): Self.strings(of: text).map(Self.quoted).joined(separator: " ")
    case .binding(let binding): binding.text
    }
  }

  /// A TXT record's strings, which have 255 bytes at most.
  static func strings(of text: String) -> [[UInt8]] {
    let bytes = Array(text.utf8)
    if bytes.isEmpty { return [[]] }
    return stride(from: 0, to: bytes.count, by: 255).map {
      Array(bytes[$0..<min($0 + 255, bytes.count)])
    }
  }

  private static func quoted(_ bytes: [UInt8]) -> String {
    var text = "\""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        text += "\\" + String(UnicodeScalar(byte))
      case 0x20..<0x7f: text += String(UnicodeScalar(byte))
      default:
        let digits = String(byte)
        text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      }
    }
    return text + "\""
  }
}

extension RecordName {
  /// With the final dot of a zone file.
  public var absolute: String { text + "." }
}

extension RecordValue.Binding {
  var text: String {
    var words = ["\(priority)", target?.absolute ?? "."]
    if !protocols.isEmpty { words.append("alpn=\"\(protocols.joined(separator: ","))\"") }
    if let port { words.append("port=\(port)") }
    for (family, key) in [(Family.inet, "ipv4hint"), (.inet6, "ipv6hint")] {
      let list = hints.filter { $0.family == family }.map(\.description)
      if !list.isEmpty { words.append("\(key)=\(list.joined(separator: ","))") }
    }
    for (number, bytes) in others.sorted(by: { $0.key < $1.key }) {
      words.append(
        "key\(number)=0x\(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())")
    }
    return words.joined(separator: " ")
  }
}
