import Kernel
import Model
import Netlink
import Plan

/// What became of flows to real servers that went (``ServedFlows``).
struct FlowsEnded {
  /// How it was at the last time; nil: not looked at yet, as after a restart that may have come
  /// between a change of the map and the flows that it leaves behind.
  fileprivate var converged: ServedFlows?
  fileprivate var count = 0
  fileprivate var failure: NetlinkError?

  /// The number of flows ended and the last failure since the previous call; resets both.
  mutating func take() -> (count: Int, failure: NetlinkError?) {
    defer { (count, failure) = (0, nil) }
    return (count, failure)
  }
}

extension Reconciler {
  /// Once new flows go to other servers, the old ones follow: at once, and where it fails at the next
  /// look.
  func endFlows(after plan: Plan, _ outcome: Outcome) {
    guard let wanted = plan.flows else { return }
    func isOurs(_ step: Step) -> Bool {
      step.change.object.id == ObjectID(NftablesTable.self, wanted.table)
    }
    if outcome.done.contains(where: isOurs) { flows.converged = nil }
    let isStopped =
      outcome.isOutdated || outcome.failed.contains { isOurs($0.step) }
      || outcome.held.contains(where: isOurs) || outcome.skipped.contains { isOurs($0.step) }
    // With the old map they would only go back to where they were.
    guard !isStopped, flows.converged != wanted else { return }
    do throws(NetlinkError) {
      flows.count += try kernel.endFlows(wanted)
      flows.converged = wanted
    } catch {
      flows.failure = error
    }
  }
}
