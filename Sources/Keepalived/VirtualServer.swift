internal import JSON
internal import Model

/// A `virtual_server` as far as it is read.
struct VirtualServer {
  enum Front: Hashable {
    case address(IPAddress, UInt16)
    case mark(UInt32)
  }

  var name = ""
  var origin: Origin
  var fronts: [Front] = []
  var `protocol`: IPVSProtocol?
  // keepalived's defaults.
  var scheduler = "wlc"
  var flags: Set<IPVSService.Flag> = []
  var forwarding: [(String, Tree)] = []
  var persistence: [(String, Tree)] = []
  var quorum = 1
  var hysteresis = 0
  var sorry: (address: IPAddress, port: UInt16?)?
  var inhibits = false
  var timing = Timing()
  var host: String?
  var reals: [RealServer] = []
}

struct RealServer {
  var origin: Origin
  var address: IPAddress
  var port: UInt16?
  var weight = 1
  var upper = 0
  var lower = 0
  var forwarding: [(String, Tree)]?
  var inhibits: Bool
  var timing: Timing
  var host: String?
  var checks: [Check] = []
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
    switch statement.keyword {
    case "delay_loop": interval = duration.map { max($0, .milliseconds(10)) } ?? interval
    case "connect_timeout": timeout = duration.map { max($0, .milliseconds(10)) } ?? timeout
    case "warmup": jitter = duration ?? jitter
    case "retry": retry = statement.value.flatMap { Int($0) } ?? retry
    // Tries are evenly spaced here, and a probe that has said nothing changes nothing.
    case "delay_before_retry", "alpha", "omega": break
    default: return false
    }
    return true
  }

  /// The keys of a probe.
  func members(retries: Int) -> [(String, Tree)] {
    let fall = min(max((retry ?? retries) + 1, 1), 100)
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
