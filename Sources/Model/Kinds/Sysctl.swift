/// A setting under `/proc/sys/net`.
public struct Sysctl: Resource {
  public var key: Key
  /// The value, its fields separated by single spaces; nil: observed, and this kernel has no such
  /// setting.
  public var text: String?
  /// Observed only: the value before vpngw changed it.
  public var previous: String?
  /// Observed only: there is no such setting, and there won't be when its link is made.
  public var isAbsent = false
  /// Observed only: `/proc/sys` is mounted read-only.
  public var isReadOnly = false
  /// Observed only: an existing setting with a similar name, if this one doesn't exist.
  public var nearest: Key?

  public init(_ key: Key, _ text: String?) {
    self.key = key
    self.text = text.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
  }

  /// The parts of a setting's name: a part may hold dots (an interface's name) but no slash.
  public struct Key: Hashable, Sendable {
    public let parts: [String]

    public init?(parts: [String]) {
      guard parts.count >= 2,
        parts.allSatisfy({ part in
          !part.isEmpty && part != "." && part != ".."
            && part.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") }
        })
      else { return nil }
      self.parts = parts
    }

    /// The interface in `net.ipv4.conf.IF.rp_filter` and the like; nil for `all` and `default`.
    public var link: LinkName? {
      guard parts.count == 5, parts[0] == "net", ["ipv4", "ipv6", "mpls"].contains(parts[1]),
        ["conf", "neigh"].contains(parts[2]), !["all", "default"].contains(parts[3])
      else { return nil }
      return LinkName(parts[3])
    }

    /// The kernel variable behind the setting, which two names may share, and how many of its units
    /// make one unit of this setting.
    public var variable: (key: Key, unit: Int) {
      var parts = parts
      switch parts.dropFirst() {
      case ["ipv4", "ip_forward"]: parts = ["net", "ipv4", "conf", "all", "forwarding"]
      case ["nf_conntrack_max"]: parts = ["net", "netfilter", "nf_conntrack_max"]
      case _ where parts.count == 5 && parts[2] == "neigh":
        if ["base_reachable_time", "retrans_time"].contains(parts[4]) {
          parts[4] += "_ms"
          // Seconds under one name; under IPv4's other name, ticks of USER_HZ.
          return (Key(parts: parts)!, parts[4].hasPrefix("base") ? 1000 : 10)
        }
      default: break
      }
      return (Key(parts: parts)!, 1)
    }

    /// Whether it is under `net.`: nothing else is ever read or written.
    public var isOfNetwork: Bool { parts[0] == "net" }

    /// The file, relative to `/proc/sys`.
    public var path: String { parts.joined(separator: "/") }
  }

  public static let name = "sysctl"
  public func mayChange(_ observed: Sysctl) -> Bool { true }
  public var isOwned: Bool { previous != nil }
  public var id: Key { key }

  public var phase: Phase {
    if key.link != nil { return .linkSysctl }
    return key.parts.last == "ip_forward" || key.parts.last == "forwarding" ? .forwarding : .sysctl
  }

  public var requirements: [Requirement] { key.link.map { [.link($0)] } ?? [] }

  public var takenForOurs: Self { self }
  public var former: Self? { previous.map { Sysctl(key, $0) } }

  public var toRestore: Self {
    var sysctl = self
    sysctl.previous = nil
    return sysctl
  }

  public static func adding(_ blueprint: [Self], to stated: [Self]) -> [Self] {
    let keys = Set(stated.map(\.key))
    return stated + blueprint.filter { !keys.contains($0.key) }
  }

  public static let properties: [Property<Sysctl>] = [
    .identity("key") { $0.key.description },
    .stated("value") { $0.text },
  ]
}

extension Sysctl.Key: Comparable, LosslessStringConvertible {
  /// Parses a name as sysctl(8) does: dots between the parts, and a slash for a dot within one; or,
  /// if a slash comes first, the other way round.
  public init?(_ text: String) {
    guard let first = text.utf8.first(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") })
    else { return nil }
    let separator: Character = first == UInt8(ascii: ".") ? "." : "/"
    let parts = text.split(separator: separator, omittingEmptySubsequences: false).map { part in
      separator == "." ? String(part.map { $0 == "/" ? "." : $0 }) : String(part)
    }
    self.init(parts: parts)
  }

  public var description: String {
    parts.map { String($0.map { $0 == "." ? "/" : $0 }) }.joined(separator: ".")
  }

  public static func < (a: Sysctl.Key, b: Sysctl.Key) -> Bool {
    a.parts.lexicographicallyPrecedes(b.parts)
  }
}

extension NetworkState {
  public var sysctls: [Sysctl] {
    get { self[Sysctl.self] }
    _modify { yield &self[Sysctl.self] }
  }
}
