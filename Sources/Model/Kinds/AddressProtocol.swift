/// Who made an address: `IFA_PROTO`, Linux 5.18 and later. Most tools don't set it.
public struct AddressProtocol: NamedProtocol {
  public let number: UInt8

  public init(_ number: UInt8) { self.number = number }

  /// 127.0.0.1 and ::1.
  public static let kernelLoopback = AddressProtocol(1)
  /// From a router advertisement.
  public static let kernelRA = AddressProtocol(2)
  /// Link-local addresses.
  public static let kernelLinkLocal = AddressProtocol(3)

  public static let kernels: Set = [kernelLoopback, kernelRA, kernelLinkLocal]

  /// `linux/if_addr.h`'s numbers by iproute2's names.
  public static let names: [(UInt8, String)] = [
    (0, "unspec"), (1, "kernel_lo"), (2, "kernel_ra"), (3, "kernel_ll"), (118, "vpngw"),
  ]
}
