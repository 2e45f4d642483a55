import Kernel
import Model
import Netlink
import Plan

/// What became of flows to removed real servers (``ServedFlows``).
struct FlowsEnded {
  /// The flows for which all others were ended. Nil: not checked yet, as after a restart, which may
  /// have come between a change of the map and the end of its old flows.
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
  /// Ends the old flows once new ones go to other servers: at once or, if that fails, in the next
  /// pass.
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
