extension Nftables.Bytecode {
  /// The connection states that a `ct timeout` sets times for, with nft's defaults.
  public enum TimeoutPolicy {
    public struct State: Sendable {
      public let name: String
      public let seconds: UInt32
    }

    /// In the kernel's order (`enum ctattr_timeout_tcp`, from 1); empty for other protocols.
    public static func states(_ proto: Nftables.TransportProtocol) -> [State] {
      switch proto {
      case .tcp: tcp
      case .udp: udp
      default: []
      }
    }

    private static let tcp = [
      State(name: "syn_sent", seconds: 120), State(name: "syn_recv", seconds: 60),
      State(name: "established", seconds: 432_000), State(name: "fin_wait", seconds: 120),
      State(name: "close_wait", seconds: 60), State(name: "last_ack", seconds: 30),
      State(name: "time_wait", seconds: 120), State(name: "close", seconds: 10),
      State(name: "syn_sent2", seconds: 120), State(name: "retrans", seconds: 300),
      State(name: "unack", seconds: 300),
    ]

    private static let udp = [
      State(name: "unreplied", seconds: 30), State(name: "replied", seconds: 180),
    ]
  }
}
