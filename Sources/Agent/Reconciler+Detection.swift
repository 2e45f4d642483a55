import Events
internal import Glibc
import Kernel
import Model
import Netlink
import Plan

/// The kernel refuses an IPv6 route whose source address is tentative: duplicate detection of a new
/// address takes a second or two (RFC 4862, section 5.4).
extension Reconciler {
  /// What must be known about source addresses before these steps; nil if none of them has one.
  func detections(for steps: ArraySlice<Step>) throws(NetlinkError) -> Detections? {
    guard steps.contains(where: { $0.source != nil }) else { return nil }
    let detections = Detections(in: try kernel.observeAddresses())
    return detections.isEmpty ? nil : detections
  }

  /// Waits until the kernel has decided about the addresses that steps wait for; false if it hasn't
  /// in time, or if somebody wants an end.
  func waitForDetection(_ outcome: Outcome) throws -> Bool {
    // Opened before observing: whatever happens after that wakes it.
    let monitor = try Monitor(.route)
    let waited = outcome.waiting.map(\.detection)
    let limit = waited.map { longest(on: $0.link) }.max() ?? .zero
    onWait(
      "waits for duplicate address detection of \(waited[0].address) on \(waited[0].link), "
        + "up to \(limit.text)")
    let start = Instant.now
    while !shouldStop(outcome) {
      let detections = Detections(in: try kernel.observeAddresses())
      let running = outcome.waiting.compactMap { detections.detection(for: $0.step) }
      if running.isEmpty { return true }
      let elapsed = Instant.now - start
      let isHopeless = running.allSatisfy { !$0.isLinkRunning }
      if elapsed >= (isHopeless ? min(limit, Self.carrierLimit) : limit) { return false }
      var polled = pollfd(fd: monitor.descriptor, events: Int16(POLLIN), revents: 0)
      // With a timeout, to notice when somebody wants an end.
      poll(&polled, 1, 100)
      var heard = Monitor.Heard()
      try monitor.drain(own: ports, into: &heard)
    }
    return false
  }

  /// A link that was just set up has its carrier within a second (LINKWATCH in
  /// `net/core/link_watch.c`).
  private static let carrierLimit = Duration.milliseconds(1_500)

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
  /// A step that isn't tried until the kernel knows that its address is no duplicate.
  struct Wait: Sendable {
    let step: Step
    let detection: Detections.Detection
    /// The step that waits for the address, if this one waits for that step.
    let because: Step?

    init(_ step: Step, _ detection: Detections.Detection, because: Step? = nil) {
      (self.step, self.detection, self.because) = (step, detection, because)
    }

    /// Whether another step must wait too: an existing object stays until its replacement is there,
    /// but no longer than detection takes.
    func keeps(_ other: Step) -> Bool {
      guard detection.isLinkRunning, because == nil, other.change.verb == .delete,
        let route = other.change.object.as(Route.self)
      else { return false }
      return route.dst.family == .inet6
    }

    var reason: String {
      because.map { "waits for \($0.change.object.id): \(detection.reason)" } ?? detection.reason
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
            NetlinkError(wait.step.change.command, code: 0, kernelText: wait.detection.reason)
          ))
      }
    }
    waiting = []
  }
}
