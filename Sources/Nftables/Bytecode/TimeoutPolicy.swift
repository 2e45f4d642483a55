extension Nftables.Bytecode {
  /// The connection states that a `ct timeout` sets times for, with nft's defaults.
  public enum TimeoutPolicy {
    public struct State: Sendable {
      public let name: String
      public let seconds: UInt32
    }

    /// In the kernel's order (`enum ctattr_timeout_tcp`, from 1); empty for other protocols.
    public static func states(_ proto: String) -> [State] {
      switch proto {
      case "tcp": tcp
      case "udp": udp
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

  /// Protocol numbers that connection-tracking objects use.
  public enum ProtocolNumber {
    public static let names: [UInt8: String] = [
      6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udplite",
    ]

    public static func l4(_ name: String) -> UInt8 { names.first { $0.value == name }?.key ?? 0 }

    public static func l3(_ name: String) -> UInt16 { name == "ip" ? 2 : name == "ip6" ? 10 : 1 }

    public static func l3(_ number: UInt16?) -> String? {
      number.flatMap { [2: "ip", 10: "ip6", 1: "inet"][$0] }
    }
  }
}
