import Model

extension Sysctl {
  /// Conntrack settings that let another router take over flows: it sees them from the middle on,
  /// and its own old flows with windows that have long passed.
  static let takeover: [Sysctl] = [
    ("tcp_loose", "1"), ("tcp_be_liberal", "1"), ("udp_timeout", "180"),
    ("udp_timeout_stream", "180"),
  ].map { name, value in
    Sysctl(Sysctl.Key(parts: ["net", "netfilter", "nf_conntrack_" + name])!, value)
  }
}
