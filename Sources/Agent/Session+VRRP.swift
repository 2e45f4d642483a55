internal import Events
internal import Glibc
import JSON
import Model
internal import Speaker
import VRRP

extension Session {
  /// `vpngw vrrp LINK`: prints each advertisement that comes by the link or leaves by it, until a
  /// signal ends it, or it has printed `count` lines.
  public func watchVRRP(_ link: String, count: Int?) throws -> Int32 {
    let number = if_nametoindex(link)
    guard number > 0 else {
      throw CommandError("there is no link \"\(link)\" here: see `ip link`")
    }
    // Before anybody can see that it watches, and end it.
    let signals = try ProcessSignals()
    let tap: AdvertisementTap
    do throws(SpeakerError) {
      tap = try AdvertisementTap(link: number)
    } catch {
      guard error.code == EPERM else { throw CommandError("\(link): \(error)") }
      throw CommandError("\(link): \(error); vpngw vrrp needs CAP_NET_RAW")
    }
    // A reader that has seen enough (`| head`) ends the watch.
    signal(SIGPIPE, SIG_DFL)
    let loop = try EventLoop()
    try loop.add(signals.descriptor, for: .toRead, as: 0)
    try loop.add(tap.descriptor, for: .toRead, as: 1)
    var events = EventLoop.Events(atMost: 2)
    var remaining = count ?? .max
    var isDown = false
    while remaining > 0 {
      // A link that went down may come up again, or go away without another word.
      loop.wait(for: &events, until: isDown ? .now + .milliseconds(100) : nil)
      if signals.drain() != nil { return Status.done }
      do throws(SpeakerError) {
        while remaining > 0, let capture = try tap.next() {
          isDown = false
          remaining -= 1
          Console.print((options.isJSON ? capture.tree.compact : capture.line) + "\n")
        }
      } catch {
        guard error.code == ENETDOWN else { throw CommandError("\(link): \(error)") }
        isDown = true
      }
      if isDown, !tap.hasLink { throw CommandError("\(link) is gone") }
    }
    return Status.done
  }
}

extension AdvertisementTap.Capture {
  private var time: String {
    WallClock(seconds: seconds, milliseconds: nanoseconds / 1_000_000).text
  }

  /// `2026-07-01T03:12:45.120Z in 192.0.2.1 > 224.0.0.18: v3 id 51 priority 100 interval 1s ...`
  fileprivate var line: String {
    let start = "\(time) \(isOutgoing ? "out" : "in") "
    switch content {
    case .success(let sighting): return start + sighting.line
    case .failure(let discard): return start + "not understood: \(discard)"
    }
  }

  fileprivate var tree: Tree {
    var members: [(String, Tree)] = [
      ("time", .string(time)), ("direction", isOutgoing ? "out" : "in"),
    ]
    switch content {
    case .success(let sighting): members += sighting.members
    case .failure(let discard): members.append(("problem", .string("\(discard)")))
    }
    return .object(members)
  }
}

extension Sighting {
  fileprivate var line: String {
    var words = [
      "\(envelope.source) > \(envelope.destination):", "v\(version)", "id \(id)",
      "priority \(priority)" + (priority == 0 ? " (master leaves)" : ""),
      "interval \(Duration.milliseconds(interval * 10).text)",
    ]
    if type != 1 { words.append("type \(type)") }
    if !addresses.isEmpty {
      words.append("addresses " + addresses.map(\.description).joined(separator: ","))
    }
    switch authentication {
    case .none: break
    case .password: words.append("auth password")
    case .type(let type): words.append("auth type \(type)")
    case .hmac(let key): words.append("auth hmac key \(key)")
    }
    switch checksum {
    case .good: words.append("checksum good")
    case .covers(let what): words.append("checksum good (\(what.word))")
    case .wrong: words.append("checksum wrong")
    }
    if envelope.hopLimit != 255 {
      words.append("\(envelope.family == .inet ? "ttl" : "hop limit") \(envelope.hopLimit)")
    }
    return words.joined(separator: " ")
  }

  fileprivate var members: [(String, Tree)] {
    let (auth, key): (Tree, UInt8?) =
      switch authentication {
      case .none: ("none", nil)
      case .password: ("password", nil)
      case .type(let type): (.string("type \(type)"), nil)
      case .hmac(let key): ("hmac", key)
      }
    let sum: Tree =
      switch checksum {
      case .good: "good"
      case .covers(let what): .string(what.word)
      case .wrong: "wrong"
      }
    return [
      ("source", .string(envelope.source.description)),
      ("destination", .string(envelope.destination.description)),
      ("ttl", .integer(Int(envelope.hopLimit))), ("version", .integer(Int(version))),
      ("type", .integer(Int(type))), ("id", .integer(Int(id))),
      ("priority", .integer(Int(priority))),
      ("interval", .string(Duration.milliseconds(interval * 10).text)),
      ("addresses", .array(addresses.map { .string($0.description) })),
      ("authentication", auth),
    ] + (key.map { [("key", .integer(Int($0)))] } ?? []) + [("checksum", sum)]
  }
}

extension Checksum {
  /// As the key "checksum" of a virtual router has it.
  fileprivate var word: String {
    switch self {
    case .message: "message"
    case .pseudoHeader: "pseudo-header"
    case .groupPseudoHeader: "group-pseudo-header"
    }
  }
}
