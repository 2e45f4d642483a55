/// How long IPVS keeps an idle connection: `ipvsadm --set`.
public struct IPVSTimeout: Resource {
  public enum State: String, Hashable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    case tcp
    /// TCP after the first FIN.
    case tcpfin
    case udp

    public static func < (a: Self, b: Self) -> Bool { a.position < b.position }
    private var position: Int { Self.allCases.firstIndex(of: self)! }
    public var description: String { rawValue }
  }

  public var state: State
  /// In whole seconds.
  public var duration: Duration
  /// Observed only: what was there before vpngw set what is there now.
  public var previous: Duration?

  public init(_ state: State, _ duration: Duration) {
    self.state = state
    self.duration = duration
  }

  public static let kind = Kind.ipvsTimeout
  public func mayChange(_ observed: IPVSTimeout) -> Bool { true }
  public var id: State { state }
  public var phase: Phase { .ipvs }
  public var isOwned: Bool { previous != nil }
  public var requirements: [Requirement] { [] }

  public static let properties: [Property<IPVSTimeout>] = [
    .identity("state") { $0.state.rawValue },
    .exact("value") { $0.duration },
  ]
}
