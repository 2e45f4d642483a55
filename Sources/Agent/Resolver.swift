import CLinux
import Glibc
import Model

/// The system's resolver: `/etc/hosts`, DNS, and what else nsswitch.conf(5) names.
enum Resolver {
  /// Preferred first (RFC 6724); empty where there is none, or nobody answered. It may take half a
  /// minute.
  static func addresses(of host: String) -> [IPAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: [IPAddress] = []
    var entry = list
    while let info = entry?.pointee {
      if let address = IPAddress(info), !addresses.contains(address) { addresses.append(address) }
      entry = info.ai_next
    }
    return addresses
  }
}

extension IPAddress {
  fileprivate init?(_ info: addrinfo) {
    switch info.ai_family {
    case AF_INET:
      self = info.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        IPAddress(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
      }
    case AF_INET6:
      self = info.ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        withUnsafeBytes(of: $0.pointee.sin6_addr) { bytes in
          IPAddress(
            v6High: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
      }
    default: return nil
    }
  }
}
