/// How long IPVS keeps an idle connection: `ipvsadm --set`.
public struct IPVSTimeout: Resource {
  public enum State: String, Hashable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    case tcp
    /// TCP after the first FIN has been seen.
    case tcpfin
    case udp

    public static func < (a: Self, b: Self) -> Bool { a.position < b.position }
    private var position: Int { Self.allCases.firstIndex(of: self)! }
    public var description: String { rawValue }
  }

  public var state: State
  /// In whole seconds.
  public var duration: Duration
  /// Observed only: the value before vpngw changed it.
  public var previous: Duration?

  public init(_ state: State, _ duration: Duration) {
    self.state = state
    self.duration = duration
  }

  public static let name = "ipvs-timeout"
  public func mayChange(_ observed: IPVSTimeout) -> Bool { true }
  public var id: State { state }
  public var phase: Phase { .ipvs }
  public var isOwned: Bool { previous != nil }
  public var requirements: [Requirement] { [] }

  public var takenForOurs: Self { self }
  public var former: Self? { previous.map { IPVSTimeout(state, $0) } }
  public static var needsIPVS: Bool { true }

  public var toRestore: Self { IPVSTimeout(state, duration) }

  public static func adding(_ blueprint: [Self], to stated: [Self]) -> [Self] {
    let states = Set(stated.map(\.state))
    return stated + blueprint.filter { !states.contains($0.state) }
  }

  public static let properties: [Property<IPVSTimeout>] = [
    .identity("state") { $0.state.rawValue },
    .exact("value") { $0.duration },
  ]
}

extension NetworkState {
  public var ipvsTimeouts: [IPVSTimeout] {
    get { self[IPVSTimeout.self] }
    _modify { yield &self[IPVSTimeout.self] }
  }
}
