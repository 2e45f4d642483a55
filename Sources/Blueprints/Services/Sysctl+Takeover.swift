import Model

extension Sysctl {
  /// Settings of conntrack by which another router can take over flows: it sees them from their middle
  /// on, and its own old ones with windows that are long past.
  static let takeover: [Sysctl] = [
    ("tcp_loose", "1"), ("tcp_be_liberal", "1"), ("udp_timeout", "180"),
    ("udp_timeout_stream", "180"),
  ].map { name, value in
    Sysctl(Sysctl.Key(parts: ["net", "netfilter", "nf_conntrack_" + name])!, value)
  }
}
