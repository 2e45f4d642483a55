/// Who made an address: `IFA_PROTO`, Linux 5.18 and later.
public struct AddressProtocol: Hashable, Sendable {
  public let number: UInt8

  public init(_ number: UInt8) { self.number = number }

  public static let unspecified = AddressProtocol(0)
  /// 127.0.0.1 and ::1.
  public static let kernelLoopback = AddressProtocol(1)
  /// From a router advertisement.
  public static let kernelRA = AddressProtocol(2)
  /// Link-local addresses.
  public static let kernelLinkLocal = AddressProtocol(3)
  public static let vpngw = AddressProtocol(RouteProtocol.vpngw.number)

  /// `linux/if_addr.h`'s numbers by iproute2's names.
  public static let names: [(UInt8, String)] = [
    (0, "unspec"), (1, "kernel_lo"), (2, "kernel_ra"), (3, "kernel_ll"), (118, "vpngw"),
  ]

  public init?(name: String) {
    guard let entry = Self.names.first(where: { $0.1 == name }) else { return nil }
    self.init(entry.0)
  }
}

extension AddressProtocol: CustomStringConvertible, ValueConvertible {
  public var name: String? { Self.names.first { $0.0 == number }?.1 }
  public var description: String { name ?? String(number) }
  public var value: Value { name.map(Value.string) ?? .integer(Int(number)) }

  /// Who sets this number; most tools set none.
  var maker: String {
    switch self {
    case .unspecified: "another program"
    case .kernelLoopback, .kernelRA, .kernelLinkLocal: "the kernel"
    default: "proto \(self)"
    }
  }
}
