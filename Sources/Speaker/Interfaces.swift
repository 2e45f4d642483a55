internal import CLinux
internal import Glibc
public import Model

/// The links of the calling thread's namespace, with their addresses (getifaddrs(3)).
public struct Interfaces {
  public struct Interface {
    public var number: UInt32 = 0
    /// Set up, with a carrier.
    public var isUp = false
    /// Six bytes of an Ethernet link; else empty.
    public var mac: [UInt8] = []
    /// In the kernel's order.
    public var addresses: [IPAddress] = []
  }

  private var byName: [String: Interface] = [:]

  public subscript(name: String) -> Interface? { byName[name] }

  /// The hardware addresses of all links.
  public var macs: Set<[UInt8]> { Set(byName.values.map(\.mac)) }

  func name(of number: UInt32) -> String? { byName.first { $0.value.number == number }?.key }

  /// Throws without memory or descriptors.
  public init() throws(SpeakerError) {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { throw SpeakerError("read links and addresses", errno) }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard let address = entry.ifa_addr else { continue }
      // An address with a label ("eth0:1") has that for its name.
      let name = String(String(cString: entry.ifa_name).prefix { $0 != ":" })
      switch Int32(address.pointee.sa_family) {
      case AF_PACKET:
        let link = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_ll.self)
        let up = UInt32(IFF_UP | IFF_RUNNING)
        byName[name, default: Interface()].number = UInt32(bitPattern: link.sll_ifindex)
        byName[name]!.isUp = entry.ifa_flags & up == up
        if link.sll_hatype == 1, link.sll_halen == 6 {
          byName[name]!.mac = withUnsafeBytes(of: link.sll_addr) { Array($0.prefix(6)) }
        }
      case AF_INET:
        let inet = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
        byName[name, default: Interface()].addresses.append(
          IPAddress(v4: UInt32(bigEndian: inet.sin_addr.s_addr)))
      case AF_INET6:
        let inet6 = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
        byName[name, default: Interface()].addresses.append(IPAddress(inet6.sin6_addr))
      default: break
      }
    }
  }
}
