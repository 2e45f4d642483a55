internal import Addressing

extension RecordValue {
  /// RDATA, with uncompressed names.
  var wire: [UInt8] {
    switch self {
    case .address(let address): address.wire
    case .service(let service):
      service.priority.wire + service.weight.wire + service.port.wire + service.target.wire
    case .text(let text): Self.strings(of: text).flatMap { [UInt8($0.count)] + $0 }
    case .binding(let binding): binding.wire
    }
  }

  /// Nil if the bytes are no value of the type.
  init?(wire data: [UInt8], type: RecordType) {
    var reader = DNSReader(data)
    do throws(DNSFault) {
      switch type {
      case .a, .aaaa:
        guard let address = IPAddress(bytes: data), (address.family == .inet) == (type == .a) else {
          return nil
        }
        self = .address(address)
      case .srv:
        self = .service(
          Service(
            priority: try reader.number(), weight: try reader.number(), port: try reader.number(),
            target: try reader.name()))
      case .txt:
        var bytes: [UInt8] = []
        while reader.position < data.count {
          let length: UInt8 = try reader.number()
          bytes += try reader.take(Int(length))
        }
        self = .text(String(decoding: bytes, as: UTF8.self))
      case .https: self = .binding(try Binding(&reader, data.count))
      }
    } catch {
      return nil
    }
  }
}

extension IPAddress {
  var wire: [UInt8] { family == .inet ? v4.wire : v6.high.wire + v6.low.wire }
}

/// RFC 9460, 2.2: parameters follow each other by their keys' numbers.
extension RecordValue.Binding {
  private enum Key {
    static let alpn: UInt16 = 1
    static let port: UInt16 = 3
    static let ipv4hint: UInt16 = 4
    static let ipv6hint: UInt16 = 6
  }

  fileprivate var wire: [UInt8] {
    var parameters = others
    if !protocols.isEmpty {
      parameters[Key.alpn] = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    }
    if let port { parameters[Key.port] = port.wire }
    for (family, key) in [(Family.inet, Key.ipv4hint), (.inet6, Key.ipv6hint)] {
      let list = hints.filter { $0.family == family }
      if !list.isEmpty { parameters[key] = list.flatMap(\.wire) }
    }
    var bytes = priority.wire + (target?.wire ?? [0])
    for (key, value) in parameters.sorted(by: { $0.key < $1.key }) {
      bytes += key.wire + UInt16(value.count).wire + value
    }
    return bytes
  }

  fileprivate init(_ reader: inout DNSReader, _ end: Int) throws(DNSFault) {
    let priority: UInt16 = try reader.number()
    let target = try reader.name()
    self.init(priority: priority, target: target.text.isEmpty ? nil : target)
    while reader.position < end {
      let key: UInt16 = try reader.number()
      let length: UInt16 = try reader.number()
      let value = try reader.take(Int(length))
      switch key {
      case Key.alpn:
        var rest = value[...]
        while let length = rest.popFirst() {
          guard rest.count >= Int(length) else { throw .malformed }
          protocols.append(String(decoding: rest.prefix(Int(length)), as: UTF8.self))
          rest = rest.dropFirst(Int(length))
        }
      case Key.port where value.count == 2: port = UInt16(value[0]) << 8 | UInt16(value[1])
      case Key.ipv4hint where value.count % 4 == 0: hints += Self.addresses(value, 4)
      case Key.ipv6hint where value.count % 16 == 0: hints += Self.addresses(value, 16)
      default: others[key] = value
      }
    }
  }

  private static func addresses(_ bytes: [UInt8], _ size: Int) -> [IPAddress] {
    stride(from: 0, to: bytes.count, by: size).compactMap {
      IPAddress(bytes: bytes[$0..<($0 + size)])
    }
  }
}
