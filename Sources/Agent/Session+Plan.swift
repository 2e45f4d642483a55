import JSON
import Kernel
public import Model
import Netlink
import Nftables
import Plan
import State

extension Session {
  /// `vpngw plan FILE`: what apply would change; writes nothing to the kernel.
  ///
  /// `observed` names a captured `show` to plan against; `out`, a file that saves the plan for
  /// `apply --plan`. `isChecked`: what the kernel would refuse of tables counts as what can't be
  /// done. `isOffline`: nobody is asked which records are published.
  public func plan(
    _ path: String, observed: String? = nil, out: String? = nil, given inputs: Inputs = Inputs(),
    isChecked: Bool = false, isOffline: Bool = false
  ) throws -> Int32 {
    guard let desiredState = try load(path) else { return Status.failed }
    let known = try signals(inputs, for: desiredState)
    var present: NetworkState
    let desired: NetworkState
    if let observed {
      guard let captured = try load(observed, surroundings: nil, isPrinted: true) else {
        return Status.failed
      }
      guard !captured.isConditional else {
        throw CommandError("\(observed): not what `vpngw show` printed, which has no \"when\"")
      }
      present = captured.expanded().asObserved
      present.machineNames = .read()
      // A capture doesn't say whether its links run.
      desired = desiredState.expanded(
        given: known.states, reading: known.readings, keeping: present)
      tellUndecided(of: desiredState, given: known.states)
      tellLacking(of: desiredState, in: present)
    } else {
      present = try reconciler().observe(for: desiredState)
      desired = expand(desiredState, given: known, keeping: present)
    }
    // `show` may have printed our own objects alone.
    var plan = Plan(from: present, to: desired, isAllKnown: observed == nil)
    if let out {
      try File.replace(out, with: Array(SavedPlan(plan, desired).text.utf8))
    }
    if isChecked { try plan.addRefusals(of: desired, present.machineNames) }
    var records = RecordPlan()
    if !isOffline, observed == nil {
      let states = desiredState.deriving(
        from: desiredState.observedSignals(in: present).merging(known.states) { $1 })
      records = try self.records(
        of: desiredState, given: states, reading: known.readings, allowsExec: inputs.allowsExec)
    }
    print(plan, records)
    // Nobody knows whether there is nothing to do.
    if records.isPartial { return Status.failed }
    let status = status(of: plan)
    return status == Status.done && !records.steps.isEmpty ? Status.changes : status
  }

  func print(_ plan: Plan, _ records: RecordPlan = RecordPlan()) {
    for left in plan.leftAlone {
      Console.complain(
        "vpngw: can't read \(left.object.id): \(left.part); left alone".visible + "\n")
    }
    if options.isJSON { return Console.print(plan.tree(with: records).text()) }
    let isColored = Console.isColored
    var text = plan.text(isColored: isColored)
    if !records.steps.isEmpty {
      text +=
        "\nOf the records, which `vpngw run` publishes:\n" + records.text(isColored: isColored)
    }
    Console.print(text, isColored: isColored)
  }

  /// A conflict is a failure even if everything else can be done.
  func status(of plan: Plan) -> Int32 {
    if !plan.conflicts.isEmpty { return Status.failed }
    return plan.steps.isEmpty ? Status.done : Status.changes
  }
}

extension NetworkState {
  /// A captured `show` as if it had been observed: what isn't marked as somebody else's is ours.
  public var asObserved: NetworkState {
    var observed = self
    for index in observed.links.indices {
      observed.links[index].isOwned = observed.links[index].isOurs
      // It is only referred to: it exists, and nothing more is known about it.
      observed.links[index].isManaged = true
    }
    for index in observed.tables.indices {
      observed.tables[index].isOwned = !observed.tables[index].isAdopted
    }
    for index in observed.fdb.indices {
      observed.fdb[index].isOwned = !observed.fdb[index].isAdopted
    }
    for index in observed.wireGuards.indices {
      observed.wireGuards[index].isOwned = !observed.wireGuards[index].isAdopted
    }
    for index in observed.ipvsServices.indices {
      observed.ipvsServices[index].isOwned = !observed.ipvsServices[index].isAdopted
    }
    for index in observed.ipvsDaemons.indices { observed.ipvsDaemons[index].isOwned = true }
    return observed
  }
}

extension Plan {
  /// Asks the kernel itself, in a namespace that nobody else sees.
  fileprivate mutating func addRefusals(
    of desired: NetworkState, _ names: MachineNames
  ) throws {
    do {
      for refusal in try Kernel.refusals(of: desired.tables, names) {
        conflicts.append(
          Conflict(
            object: Object(refusal.table), reason: "the kernel refuses it: \(refusal.error)"))
      }
    } catch let error as NetlinkError where error.code == ErrorCode.notPermitted {
      throw CommandError("--check: \(error): a network namespace takes CAP_SYS_ADMIN to make")
    }
  }

  /// For programs: the steps in the order of execution, and what can't be done.
  func tree(with records: RecordPlan) -> Tree {
    func place(_ object: Object) -> [(String, Tree)] {
      [("kind", .string(object.kind.name)), ("object", .string("\(object.id)"))]
    }
    var members: [(String, Tree)] = [
      ("steps", .array(steps.map(\.tree))),
      (
        "conflicts",
        .array(conflicts.map { .object(place($0.object) + [("reason", .string($0.reason))]) })
      ),
    ]
    if !leftAlone.isEmpty {
      members.append(
        (
          "left_alone",
          .array(leftAlone.map { .object(place($0.object) + [("part", .string($0.part))]) })
        ))
    }
    if !records.steps.isEmpty { members.append(("records", records.tree)) }
    return .object(members)
  }
}

extension Step {
  var tree: Tree {
    var members: [(String, Tree)] = [
      ("action", .string(change.verb.rawValue)), ("kind", .string(change.object.kind.name)),
      ("object", .string("\(change.object.id)")),
    ]
    if let reason { members.append(("reason", .string(reason))) }
    if removesTheirs { members.append(("theirs", true)) }
    let changes = differences.map { difference -> Tree in
      .object(
        [
          ("key", .string(difference.name)), ("old", difference.old.map { Tree($0) } ?? .null),
          ("new", difference.new.map { Tree($0) } ?? .null),
        ] + (difference.isTheirs ? [("theirs", true)] : []))
    }
    if !changes.isEmpty { members.append(("changes", .array(changes))) }
    return .object(members)
  }
}
