public import Kernel
public import Model
public import Netlink
public import Plan
import State

/// Makes one network namespace equal to a desired state: observe, plan, apply, observe again.
public final class Reconciler {
  let kernel: Kernel
  /// Whether to wait for steps that the kernel refuses only for now. The daemon doesn't: the kernel
  /// wakes it when they can be done.
  var waitsForKernel = true
  /// Called with what is being waited for.
  var onWait: (String) -> Void = { _ in }
  public let runDirectory: RunDirectory
  /// Called before each group of steps: whether to leave the rest undone.
  public var shouldStop: (Outcome) -> Bool = { _ in false }
  private var sysctlMemory: Memory<RememberedSysctls>
  private var ipvsMemory: Memory<RememberedIPVS>
  private var endpointMemory: Memory<RememberedEndpoints>
  var flows = FlowsEnded()

  /// In the calling thread's network namespace; all calls must come from threads in it.
  public init(runDirectory path: String = RunDirectory.defaultPath) throws(NetlinkError) {
    kernel = try Kernel()
    runDirectory = RunDirectory(path: path, namespaceCookie: kernel.namespaceCookie)
    sysctlMemory = Memory(path: runDirectory.sysctls)
    ipvsMemory = Memory(path: runDirectory.ipvs)
    endpointMemory = Memory(path: runDirectory.endpoints)
  }

  /// What of the run directory couldn't be read, and so isn't known.
  var damages: [String] {
    [sysctlMemory.damage, ipvsMemory.damage, endpointMemory.damage].compactMap(\.self)
  }

  /// The netlink ports that our changes come from: their events are no news.
  var ports: Set<UInt32> { kernel.ports }

  /// The setting as it is now.
  func sysctl(_ key: Sysctl.Key) -> Sysctl { kernel.sysctl(key) }

  /// The packet counts of a table's named counters.
  func counters(of table: NftablesTable.ID) throws(NetlinkError) -> [String: UInt64] {
    try kernel.counters(of: table)
  }

  /// Observes all objects, the settings that `desired` names, and the settings that we have
  /// changed.
  public func observe(
    for desired: NetworkState = NetworkState(), also: [Sysctl.Key] = [],
    tables: Kernel.TableSelection? = nil, needsIPVS: Bool = false
  ) throws(NetlinkError) -> NetworkState {
    let named = Set(desired.sysctls.map(\.key)).union(also).union(sysctlMemory.content.entries.keys)
    let needsIPVS =
      needsIPVS || !ipvsMemory.content.isEmpty || desired.hasIPVS
      || named.contains(where: \.isOfIPVS)
    var observed = try kernel.observe(
      sysctls: named.sorted(), tables: tables ?? Kernel.TableSelection(desired.tables),
      needsIPVS: needsIPVS)
    observed.sysctls = observed.sysctls.map(sysctlMemory.content.annotate)
    for index in observed.sysctls.indices where observed.sysctls[index].isAbsent {
      observed.sysctls[index].nearest = nearest(to: observed.sysctls[index].key)
    }
    ipvsMemory.content.annotate(&observed)
    endpointMemory.content.annotate(&observed)
    return observed
  }

  /// Observes everything that the file may ask for, whatever its signals say.
  public func observe(for desiredState: DesiredState) throws(NetlinkError) -> NetworkState {
    try observe(
      for: desiredState.unconditional, also: desiredState.sysctlKeys,
      tables: Kernel.TableSelection(desiredState.tables),
      needsIPVS: desiredState.hasIPVS)
  }

  private func nearest(to key: Sysctl.Key) -> Sysctl.Key? {
    let names = kernel.sysctls(beside: key).map(\.description)
    return Spelling.nearest(to: key.description, among: names).flatMap(Sysctl.Key.init)
  }

  public func plan(to desired: NetworkState) throws(NetlinkError) -> Plan {
    Plan(from: try observe(for: desired), to: desired)
  }

  // MARK: - Applying

  /// Applies and observes again until nothing differs, since the kernel changes more than it is
  /// asked to (a link that goes down loses its IPv4 routes); in at most three passes, since
  /// somebody else may undo each of them. `plan` is called after each pass, and what it finds then
  /// decides the outcome, whatever the kernel answered.
  ///
  /// If somebody changes a table between plan and pass, the pass ends there, and the next plan
  /// tells what is left to do: at most `renewals` times.
  public func reconcile(
    startingWith first: Plan? = nil, renewals: Int = 10,
    holding isHeld: (Change) -> Bool = { _ in false }, _ plan: () throws -> Plan
  ) throws -> Outcome {
    var next = try first ?? plan()
    // Even if the kernel is as the file says: there may be flows to end, and memories to forget.
    if next.steps.isEmpty { return try carryOut(next, holding: isHeld) }
    var outcome = Outcome()
    outcome.conflicts = next.conflicts
    var (pass, renewals) = (1, renewals)
    while pass <= Self.mostPasses {
      outcome.begin(try carryOut(next, mayRenew: renewals > 0, holding: isHeld))
      if outcome.isInterrupted { break }
      next = try plan()
      var rest = outcome.compare(with: next)
      if outcome.isOutdated, !rest.isEmpty {
        renewals -= 1
        continue
      }
      if waitsForKernel, !outcome.waiting.isEmpty, pass < Self.mostPasses {
        guard try waitForKernel(outcome) else { break }
        outcome.waiting = []
        next = try plan()
        rest = outcome.compare(with: next)
      }
      // Only failed steps are left: they would fail again at once.
      if rest.isEmpty { break }
      if pass == Self.mostPasses { outcome.fail(rest, after: pass) }
      pass += 1
    }
    if waitsForKernel { outcome.endWaiting(isInterrupted: shouldStop(outcome)) }
    return outcome
  }

  private static let mostPasses = 3

  /// One pass over a plan's steps. A failed or held step stops those that depend on it, and no
  /// others. A step that no longer applies to the kernel ends the pass, unless `mayRenew` says that
  /// no further plan will follow.
  public func carryOut(
    _ plan: Plan, mayRenew: Bool = true, holding isHeld: (Change) -> Bool = { _ in false }
  ) throws -> Outcome {
    var outcome = Outcome()
    outcome.conflicts = plan.conflicts
    var stopped: [Int: Int] = [:]
    var waits: [Int: Outcome.Wait] = [:]
    for group in Self.groups(plan.steps) {
      if shouldStop(outcome) {
        outcome.untried = Array(plan.steps[group.lowerBound...])
        break
      }
      var indices: [Int] = []
      let detections = try detections(for: plan.steps[group])
      for index in group {
        let step = plan.steps[index]
        if let cause = step.requires.first(where: { waits[$0] != nil }), let wait = waits[cause] {
          let wait = Outcome.Wait(step, wait.cause, because: plan.steps[cause])
          waits[index] = wait
          outcome.waiting.append(wait)
        } else if let cause = step.requires.lazy.compactMap({ stopped[$0] }).first {
          stopped[index] = cause
          outcome.skipped.append((step, plan.steps[cause]))
        } else if isHeld(step.change) {
          stopped[index] = index
          outcome.held.append(step)
        } else if let detection = detections?.detection(for: step) {
          let wait = Outcome.Wait(step, .detection(detection))
          waits[index] = wait
          outcome.waiting.append(wait)
        } else if let wait = outcome.waiting.first(where: { $0.keeps(step) }) {
          outcome.waiting.append(Outcome.Wait(step, wait.cause, because: wait.step))
        } else {
          indices.append(index)
        }
      }
      // What can't be remembered isn't done, since it could never be undone. Everything else is.
      let unnoted = note(indices.map { plan.steps[$0].change })
      for (index, error) in zip(indices, unnoted) {
        guard let error else { continue }
        stopped[index] = index
        outcome.failed.append((plan.steps[index], error))
      }
      indices.removeAll { stopped[$0] != nil }
      let changes = indices.map { plan.steps[$0].change }
      var failures: [Int: NetlinkError] = [:]
      for failure in try kernel.apply(changes) where failures[failure.position] == nil {
        failures[failure.position] = failure.error
      }
      var linksUp: Set<LinkName>?
      for (position, index) in indices.enumerated() {
        if let error = failures[position] {
          if mayRenew, error.code == ErrorCode.restart {
            outcome.isOutdated = true
            break
          }
          if let link = try lackedCarrier(plan.steps[index], error, links: &linksUp) {
            let wait = Outcome.Wait(plan.steps[index], .carrier(link))
            waits[index] = wait
            outcome.waiting.append(wait)
            continue
          }
          stopped[index] = index
          outcome.failed.append((plan.steps[index], error))
        } else {
          outcome.done.append(plan.steps[index])
        }
      }
      forgetRestored(changes)
      if outcome.isOutdated { break }
    }
    endFlows(after: plan, outcome)
    if !ipvsMemory.content.isEmpty {
      let present = try kernel.observeIPVSWithoutDestinations()
      // Remembering something for too long does no harm; it is forgotten on the next occasion.
      try? ipvsMemory.change { $0.forget(given: present) }
    }
    return outcome
  }

  /// Groups consecutive steps of one kind that don't depend on each other: each group is one batch.
  /// Groups are bounded, so that a hundred thousand routes don't need a buffer for all of them.
  private static func groups(_ steps: [Step]) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var start = 0
    for (index, step) in steps.enumerated() {
      let startsAnew =
        index - start >= 2048 || step.change.object.kind != steps[start].change.object.kind
        || step.requires.contains { $0 >= start }
      if startsAnew {
        groups.append(start..<index)
        start = index
      }
    }
    if start < steps.count { groups.append(start..<steps.count) }
    return groups
  }

  // MARK: - Remembering

  /// Before a setting is written, its old value is on disk, and before a service is made, that it
  /// is ours: a crash in between loses nothing. Returns, for each change, why it can't be
  /// remembered.
  private func note(_ changes: [Change]) -> [NetlinkError?] {
    var errors = [NetlinkError?](repeating: nil, count: changes.count)
    func note<Content>(
      in memory: inout Memory<Content>, _ remember: (inout Content, Change) -> Bool
    ) {
      var noted: [Int] = []
      do throws(FileError) {
        try memory.change { content throws(FileError) in
          for index in changes.indices where remember(&content, changes[index]) {
            noted.append(index)
          }
          if !noted.isEmpty { try runDirectory.create() }
          return !noted.isEmpty
        }
      } catch {
        for index in noted {
          errors[index] = NetlinkError(
            changes[index].command, code: error.code,
            kernelText: "what was before can't be noted: \(error)")
        }
      }
    }
    note(in: &sysctlMemory) { content, change in
      guard let sysctl = change.object.as(Sysctl.self), let written = sysctl.text,
        let present = kernel.sysctl(sysctl.key).text
      else { return false }
      content.remember(sysctl.key, present: present, written: written)
      return true
    }
    note(in: &ipvsMemory) { $0.remember($1) }
    note(in: &endpointMemory) { $0.remember($1) }
    return errors
  }

  private func forgetRestored(_ changes: [Change]) {
    let restored = changes.compactMap { $0.object.as(Sysctl.self)?.key }.filter { key in
      sysctlMemory.content.entries[key].map { $0.previous == kernel.sysctl(key).text } ?? false
    }
    // An outdated entry has the present value anyway.
    try? sysctlMemory.change { content in
      for key in restored { content.forget(key) }
      return !restored.isEmpty
    }
  }
}

extension NetworkState {
  /// Whether it contains anything of IPVS.
  var hasIPVS: Bool { Kind.all.contains { $0.type.needsIPVS && !isEmpty(of: $0) } }
}

extension DesiredState {
  /// Whether it contains anything of IPVS, whatever the signals say.
  var hasIPVS: Bool {
    unconditional.hasIPVS || conditional.contains { $0.object.kind.type.needsIPVS }
      || blueprints.contains { $0.claims.needsIPVS }
  }
}

extension Sysctl.Key {
  /// Exists only once IPVS is loaded.
  fileprivate var isOfIPVS: Bool { parts.starts(with: ["net", "ipv4", "vs"]) }
}
