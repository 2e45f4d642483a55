internal import JSON
internal import Model

/// A `virtual_server` as far as it has been read.
struct VirtualServer {
  enum Front: Hashable {
    case address(IPAddress, UInt16)
    /// The family is nil if the virtual server's applies.
    case mark(UInt32, Family?)

    var isAddress: Bool { if case .address = self { true } else { false } }
  }

  var name = ""
  var location: Location
  /// It names a group, whose entries are its fronts.
  var isGroup = false
  var fronts: [Front] = []
  /// The stated family, or that of its first server; nil if there is no server.
  var family: Family?
  var `protocol`: IPVSProtocol?
  // keepalived's defaults.
  var scheduler = "wlc"
  /// The scheduler stated so far: flags named after a scheduler follow it.
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
    /// keepalived's default, also used for a port of 0, which must be persistent.
    static let usual = 360
    /// In seconds; nil: not persistent.
    var timeout: Int?
    /// A netmask, and the family that it belongs to.
    var netmask: (family: Family, length: Int)?
    var engine: String?
  }

  /// Only tunnels cross families.
  var isTunnel: Bool { Self.isTunnel(forwarding) }
  var translatesPorts: Bool { forwarding.isEmpty }

  static func isTunnel(_ forwarding: [(String, Tree)]) -> Bool {
    forwarding.first.map { Tree.object([$0]) == ["forwarding": "tunnel"] } ?? false
  }
}

struct RealServer {
  var location: Location
  var address: IPAddress
  /// The stated port, which checks ask; nil: none.
  var port: UInt16?
  var weight: Int
  var upper = 0
  var lower = 0
  var forwarding: [(String, Tree)]?
  var inhibits: Bool
  var timing: Timing
  var host: String?
  var checks: [Check] = []

  /// Its port in a service: only masquerading translates ports.
  func port(in server: VirtualServer) -> UInt16? { server.translatesPorts ? port : nil }
}

/// How often checks are made, and how many count.
struct Timing {
  var interval = Duration.seconds(60)
  var timeout = Duration.seconds(5)
  /// Nil: the check's own default.
  var retry: Int?
  var jitter: Duration?

  /// Whether the statement was one of these.
  mutating func take(_ statement: Statement) -> Bool {
    let duration = statement.value.flatMap(Duration.init(seconds:))
    // keepalived refuses zero for these.
    let time = duration.flatMap { $0 == .zero ? nil : max($0, .milliseconds(10)) }
    switch statement.keyword {
    case "delay_loop": interval = time ?? interval
    case "connect_timeout": timeout = time ?? timeout
    case "warmup": jitter = duration ?? jitter
    case "retry":
      retry = statement.value.flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 } ?? retry
    // Attempts are evenly spaced here, and an unknown probe changes nothing.
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
