public import Model
public import VRRP

/// The link of a virtual router as it is now.
public struct Line: Hashable, Sendable {
  /// The link's number; nil: there is no such link.
  public var link: UInt32?
  /// Set up, with a carrier.
  public var isUp: Bool
  /// The addresses that advertisements are sent from.
  public var primaries: PerFamily<IPAddress?>
  /// The links with the virtual MACs.
  public var virtual = PerFamily<Virtual?>(both: nil)

  public struct Virtual: Hashable, Sendable {
    /// The link's number.
    public var link: UInt32
    /// Set up, with a carrier.
    public var isUp: Bool

    public init(link: UInt32, isUp: Bool) {
      self.link = link
      self.isUp = isUp
    }
  }

  public init(link: UInt32?, isUp: Bool, primaries: PerFamily<IPAddress?>) {
    self.link = link
    self.isUp = isUp
    self.primaries = primaries
  }

  public static let absent = Line(link: nil, isUp: false, primaries: PerFamily(both: nil))
}
