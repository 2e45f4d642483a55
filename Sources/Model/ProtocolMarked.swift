/// A kind whose objects carry their maker's number in the kernel (`rtm_protocol` and the like); nil
/// is ours.
public protocol ProtocolMarked: Resource {
  associatedtype Maker: NamedProtocol
  var `protocol`: Maker? { get set }
  /// Whether the file allows vpngw to change an object that somebody else made.
  var isAdopted: Bool { get }
}

extension ProtocolMarked {
  public var isOwned: Bool { `protocol` == nil }

  public func mayChange(_ observed: Self) -> Bool {
    observed.isOwned || isAdopted || `protocol` != nil && `protocol` == observed.protocol
  }

  public var maker: String? { `protocol`.map(\.maker) }

  public var takenForOurs: Self {
    var ours = self
    ours.protocol = nil
    return ours
  }
}

/// A maker's number, with iproute2's names for some of them.
public protocol NamedProtocol: Hashable, Sendable, CustomStringConvertible, ValueConvertible {
  var number: UInt8 { get }
  init(_ number: UInt8)
  static var names: [(UInt8, String)] { get }
  /// The numbers that the kernel gives to what it makes by itself.
  static var kernels: Set<Self> { get }
}

extension NamedProtocol {
  public static var unspecified: Self { Self(0) }
  /// Our own number, "v": free in `linux/rtnetlink.h` and in iproute2's `rt_protos`.
  public static var vpngw: Self { Self(118) }

  public init?(name: String) {
    guard let entry = Self.names.first(where: { $0.1 == name }) else { return nil }
    self.init(entry.0)
  }

  public var name: String? { Self.names.first { $0.0 == number }?.1 }
  public var description: String { name ?? String(number) }
  public var value: Value { name.map(Value.string) ?? .integer(Int(number)) }

  /// Who uses this number, for people: `the kernel`, `proto dhcp`.
  var maker: String {
    if self == .unspecified { return "another program" }
    return Self.kernels.contains(self) ? "the kernel" : "proto \(self)"
  }
}
