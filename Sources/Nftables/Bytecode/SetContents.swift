public import Addressing

/// The contents of a table's sets, as values: marks that are keys, addresses that maps lead to, and
/// ports that lead to ports.
public struct SetContents: Hashable, Sendable {
  private var marks: [String: Swift.Set<Mark>] = [:]
  private var addresses: [String: Swift.Set<IPAddress>] = [:]
  private var ports: [String: [UInt16: UInt16]] = [:]

  public init(of table: TableProgram) {
    for set in table.sets {
      if set.keyType == DataType.mark.number {
        marks[set.name] = Swift.Set(set.elements.compactMap { Mark(hostOrdered: $0.key) })
      }
      if set.isOfPorts { ports[set.name] = set.portsByPort }
      guard case .value(let type, _)? = set.data,
        type == DataType.ipv4.number || type == DataType.ipv6.number
      else { continue }
      // Many keys lead to few values: a thousand buckets to a few servers.
      let values = Swift.Set(
        set.elements.lazy.compactMap { if case .value(let bytes)? = $0.data { bytes } else { nil } }
      )
      addresses[set.name] = Swift.Set(values.compactMap { IPAddress(bytes: $0) })
    }
  }

  public func marks(inSet name: String) -> Swift.Set<Mark> { marks[name] ?? [] }
  public func addresses(inMap name: String) -> Swift.Set<IPAddress> { addresses[name] ?? [] }
  public func ports(inMap name: String) -> [UInt16: UInt16] { ports[name] ?? [:] }
}

extension SetProgram {
  fileprivate var isOfPorts: Bool {
    guard case .value(let type, _)? = data else { return false }
    return keyType == DataType.inetService.number && type == DataType.inetService.number
  }

  fileprivate var portsByPort: [UInt16: UInt16] {
    elements.reduce(into: [:]) { ports, element in
      guard case .value(let bytes)? = element.data, let key = UInt16(networkOrdered: element.key)
      else { return }
      ports[key] = UInt16(networkOrdered: bytes)
    }
  }
}

extension UInt16 {
  fileprivate init?(networkOrdered bytes: ElementBytes) {
    guard bytes.count == 2 else { return nil }
    self = bytes.reduce(0) { $0 << 8 | UInt16($1) }
  }
}

extension Mark {
  /// From an nftables register in host byte order.
  fileprivate init?(hostOrdered bytes: ElementBytes) {
    guard bytes.count == 4 else { return nil }
    self.init(UInt32(bigEndian: bytes.reduce(0) { $0 << 8 | UInt32($1) }))
  }
}
