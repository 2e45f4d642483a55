internal import JSON
internal import Model

/// A `virtual_server` as far as it is read.
struct VirtualServer {
  enum Front: Hashable {
    case address(IPAddress, UInt16)
    /// Nil: of the family that the virtual server has.
    case mark(UInt32, Family?)

    var isAddress: Bool { if case .address = self { true } else { false } }
  }

  var name = ""
  var location: Location
  /// By a group, whose entries are what is in front.
  var isGroup = false
  var fronts: [Front] = []
  /// Stated, or that of the first of its servers; nil: no server tells.
  var family: Family?
  var `protocol`: IPVSProtocol?
  // keepalived's defaults.
  var scheduler = "wlc"
  /// As far as it is stated yet: flags by a scheduler's name follow it.
  var statedScheduler = ""
  var flags: Set<IPVSService.Flag> = []
  var forwarding: [(String, Tree)] = []
  var persistence = Persistence()
  var quorum = 1
  var hysteresis = 0
  var sorry: (location: Location, address: IPAddress, port: UInt16?)?
  var inhibits = false
  var weight = 1
  var timing = Timing()
  var host: String?
  var reals: [RealServer] = []

  struct Persistence {
    /// What keepalived takes where none is stated, and where a port of 0 needs one.
    static let usual = 360
    /// In seconds; nil: not persistent.
    var timeout: Int?
    /// Of one family, which it also tells.
    var netmask: (family: Family, length: Int)?
    var engine: String?
  }

  /// Tunnels alone lead from one family to another.
  var isTunnel: Bool { Self.isTunnel(forwarding) }
  var translatesPorts: Bool { forwarding.isEmpty }

  static func isTunnel(_ forwarding: [(String, Tree)]) -> Bool {
    forwarding.first.map { Tree.object([$0]) == ["forwarding": "tunnel"] } ?? false
  }
}

struct RealServer {
  var location: Location
  var address: IPAddress
  /// As it is written, which is what checks ask; nil: none.
  var port: UInt16?
  var weight: Int
  var upper = 0
  var lower = 0
  var forwarding: [(String, Tree)]?
  var inhibits: Bool
  var timing: Timing
  var host: String?
  var checks: [Check] = []

  /// The port that it has in a service: only masquerading translates ports.
  func port(in server: VirtualServer) -> UInt16? { server.translatesPorts ? port : nil }
}

/// How often checks are made, and when they count.
struct Timing {
  var interval = Duration.seconds(60)
  var timeout = Duration.seconds(5)
  /// Nil: the check's own default.
  var retry: Int?
  var jitter: Duration?

  /// Whether the statement was one of these.
  mutating func take(_ statement: Statement) -> Bool {
    let duration = statement.value.flatMap(Duration.init(seconds:))
    // Zero is no time that keepalived takes for these.
    let time = duration.flatMap { $0 == .zero ? nil : max($0, .milliseconds(10)) }
    switch statement.keyword {
    case "delay_loop": interval = time ?? interval
    case "connect_timeout": timeout = time ?? timeout
    case "warmup": jitter = duration ?? jitter
    case "retry":
      retry = statement.value.flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 } ?? retry
    // Tries are evenly spaced here, and a probe that has said nothing changes nothing.
    case "delay_before_retry", "alpha", "omega": break
    default: return false
    }
    return true
  }

  /// The keys of a probe.
  func members(retries: Int) -> [(String, Tree)] {
    let fall = min(max(min(retry ?? retries, 99) + 1, 1), 100)
    var members: [(String, Tree)] = [
      ("interval", .string(interval.text)),
      ("timeout", .string(min(timeout, interval).text)), ("rise", 1), ("fall", .integer(fall)),
    ]
    if let jitter { members.append(("jitter", .string(min(jitter, interval).text))) }
    return members
  }
}

extension Duration {
  /// `3` or `2.71828`, in whole milliseconds, up to a day.
  init?(seconds text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), !parts[0].isEmpty,
      parts.allSatisfy({ $0.utf8.allSatisfy { $0 &- 0x30 < 10 } }), parts[0].utf8.count <= 6,
      let whole = Int(parts[0])
    else { return nil }
    let fraction = parts.count == 2 ? String(parts[1].prefix(3)) : ""
    let padded = fraction + String(repeating: "0", count: 3 - fraction.utf8.count)
    self = .milliseconds(min(whole * 1000 + (Int(padded) ?? 0), 86_400_000))
  }
}
