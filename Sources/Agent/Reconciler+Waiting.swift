import Events
internal import Glibc
import Kernel
import Model
import Netlink
import Plan

/// Steps that the kernel refuses only for now: an IPv6 route whose source address is tentative, since
/// duplicate detection of a new address takes a second or two (RFC 4862, section 5.4), and a next hop
/// over a link that is up and has no carrier yet.
extension Reconciler {
  /// What must be known about source addresses before these steps; nil if none of them has one.
  func detections(for steps: ArraySlice<Step>) throws(NetlinkError) -> Detections? {
    guard steps.contains(where: { $0.source != nil }) else { return nil }
    let detections = Detections(in: try kernel.observeAddresses())
    return detections.isEmpty ? nil : detections
  }

  /// The link whose carrier a refused step lacked; nil if it was refused for another reason.
  ///
  /// The carrier of a bridge follows its ports' through a work queue: it comes after the reply to
  /// the request that set the port up, up to a second after (LINKWATCH in `net/core/link_watch.c`).
  /// `links` are the names of those that are up, read on the first such refusal of a batch.
  func lackedCarrier(
    _ step: Step, _ error: NetlinkError, links: inout Set<LinkName>?
  ) throws(NetlinkError) -> LinkName? {
    guard error.code == ErrorCode.networkDown, step.change.verb != .delete,
      let name = step.change.object.as(Nexthop.self)?.dev
    else { return nil }
    if links == nil {
      links = Set(try kernel.observeAddresses().links.filter { $0.isUp == true }.map(\.name))
    }
    return links!.contains(name) ? name : nil
  }

  /// Waits until the kernel has what steps wait for; false if it hasn't in time, or if somebody
  /// wants an end.
  func waitForKernel(_ outcome: Outcome) throws -> Bool {
    // Opened before observing: whatever happens after that wakes it.
    let monitor = try Monitor(.route)
    let limit = outcome.waiting.map { longest($0.cause) }.max() ?? .zero
    onWait("waits for \(outcome.waiting[0].cause.subject), up to \(limit.text)")
    let start = Instant.now
    while !shouldStop(outcome) {
      let observed = try kernel.observeAddresses()
      let detections = Detections(in: observed)
      let running = Set(observed.links.filter { $0.isRunning == true }.map(\.name))
      let causes = outcome.waiting.compactMap { $0.remainingCause(detections, running: running) }
      if causes.isEmpty { return true }
      let elapsed = Instant.now - start
      let isHopeless = causes.allSatisfy(\.lacksCarrier)
      if elapsed >= (isHopeless ? min(limit, Self.carrierLimit) : limit) { return false }
      var polled = pollfd(fd: monitor.descriptor, events: Int16(POLLIN), revents: 0)
      // With a timeout, to notice when somebody wants an end.
      poll(&polled, 1, 100)
      var heard = Monitor.Heard()
      try monitor.drain(own: ports, into: &heard)
    }
    return false
  }

  /// A link that was just set up has its carrier within a second.
  private static let carrierLimit = Duration.milliseconds(1_500)

  private func longest(_ cause: Outcome.Wait.Cause) -> Duration {
    switch cause {
    case .detection(let detection): longest(on: detection.link)
    case .carrier: Self.carrierLimit
    }
  }

  /// How long detection may take on a link (`addrconf_dad_kick`): a random delay, and a wait after
  /// each of its probes; more on a busy machine.
  private func longest(on link: LinkName) -> Duration {
    func value(_ parts: String..., default fallback: Int64) -> Int64 {
      Sysctl.Key(parts: ["net", "ipv6", parts[0], link.text, parts[1]])
        .flatMap { sysctl($0).text }.flatMap { Int64($0) } ?? fallback
    }
    let delay = value("conf", "router_solicitation_delay", default: 1)
    let questions = value("conf", "dad_transmits", default: 1)
    let pause = value("neigh", "retrans_time_ms", default: 1_000)
    let limit = Duration.seconds(delay + 2) + .milliseconds(questions * pause)
    return min(limit, .seconds(60))
  }
}

/// The addresses whose duplicate detection isn't over.
struct Detections {
  /// A detection in progress.
  struct Detection: Hashable, Sendable {
    let address: IPAddress
    let link: LinkName
    /// Detection needs a carrier.
    let isLinkRunning: Bool

    /// Why a step waits, for people.
    var reason: String {
      isLinkRunning
        ? "its \"src\" \(address) is tentative: duplicate address detection runs on link \(link)"
        : "its \"src\" \(address) is tentative: the kernel looks for duplicates once link \(link) is "
          + "up and has a carrier"
    }
  }

  private var running: [IPAddress: [Detection]] = [:]
  private var ready: Set<IPAddress> = []

  init(in observed: NetworkState) {
    let idle = Set(observed.links.filter { $0.isRunning != true }.map(\.name))
    for address in observed.addresses where address.address.family == .inet6 {
      let ip = address.address.address
      switch address.detection {
      case .over: ready.insert(ip)
      case .failed: continue  // the plan says so
      case .running:
        running[ip, default: []].append(
          Detection(
            address: ip, link: address.link, isLinkRunning: !idle.contains(address.link)))
      }
    }
  }

  var isEmpty: Bool { running.isEmpty }

  /// The detection that a step has to wait for.
  func detection(for step: Step) -> Detection? {
    guard let (src, links) = step.source, let found = running[src] else { return nil }
    // Several links may have the same link-local address: the route's link tells which one is meant.
    if src.isLinkLocal { return found.first { links.contains($0.link) } }
    return ready.contains(src) ? nil : found.first { $0.isLinkRunning } ?? found[0]
  }
}

extension Step {
  /// The source address that an IPv6 route states, and the links that the route uses.
  fileprivate var source: (IPAddress, Set<LinkName>)? {
    guard change.verb != .delete, let route = change.object.as(Route.self), let src = route.src,
      src.family == .inet6
    else { return nil }
    return (src, Set((route.hop.map { [$0] } ?? route.hops).compactMap(\.dev)))
  }
}

extension Reconciler.Outcome {
  /// A step that isn't done until the kernel has what it takes.
  struct Wait: Sendable {
    enum Cause: Sendable {
      /// The kernel doesn't know yet whether the step's address is a duplicate.
      case detection(Detections.Detection)
      case carrier(LinkName)

      /// Whether nothing happens until a carrier is there.
      var lacksCarrier: Bool {
        if case .detection(let detection) = self { !detection.isLinkRunning } else { true }
      }

      /// What is awaited, for people.
      var subject: String {
        switch self {
        case .detection(let detection):
          "duplicate address detection of \(detection.address) on \(detection.link)"
        case .carrier(let link): "the carrier of \(link)"
        }
      }

      /// Why a step waits, for people.
      var reason: String {
        switch self {
        case .detection(let detection): detection.reason
        case .carrier(let link):
          "link \(link) has no carrier, and the kernel takes no next hop over it before"
        }
      }
    }

    let step: Step
    let cause: Cause
    /// The step that waits for the kernel, if this one waits for that step.
    let because: Step?

    init(_ step: Step, _ cause: Cause, because: Step? = nil) {
      (self.step, self.cause, self.because) = (step, cause, because)
    }

    /// The cause that still holds, given the detections and the links with a carrier as they are
    /// now; nil if the step can be done.
    func remainingCause(_ detections: Detections, running: Set<LinkName>) -> Cause? {
      switch cause {
      case .detection: detections.detection(for: step).map(Cause.detection)
      case .carrier(let name): running.contains(name) ? nil : cause
      }
    }

    /// Whether another step must wait too: an existing object stays until its replacement is there,
    /// but no longer than detection takes.
    func keeps(_ other: Step) -> Bool {
      guard !cause.lacksCarrier, because == nil, other.change.verb == .delete,
        let route = other.change.object.as(Route.self)
      else { return false }
      return route.dst.family == .inet6
    }

    var reason: String {
      because.map { "waits for \($0.change.object.id): \(cause.reason)" } ?? cause.reason
    }
  }

  /// Turns steps that still wait into failed ones, or into untried ones if somebody wanted an end.
  mutating func endWaiting(isInterrupted: Bool) {
    for wait in waiting {
      if isInterrupted {
        untried.append(wait.step)
      } else if let because = wait.because {
        skipped.append((wait.step, because))
      } else {
        failed.append(
          (
            wait.step,
            NetlinkError(wait.step.change.command, code: 0, kernelText: wait.cause.reason)
          ))
      }
    }
    waiting = []
  }
}
