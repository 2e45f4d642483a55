import JSON
import Model
import Plan
import State

/// A plan in a file: the desired state, and the steps that led to it.
struct SavedPlan {
  let desired: NetworkState
  /// Each step as it was shown.
  let steps: [String]

  init(_ plan: Plan, _ desired: NetworkState) {
    self.desired = desired.statable
    steps = plan.steps.map { $0.text() }
  }

  /// Throws if `plan --out` didn't write the file.
  init(path: String) throws {
    // The state that was wanted, and each step as it was shown.
    let bytes = try File.read(path, limit: 4 * File.limit)
    guard let document = try? Document(bytes), document.root["plan"]?.integer == 1,
      let state = document.root["state"], let steps = document.root["steps"]?.elements
    else {
      throw CommandError("\(path): not a plan that `vpngw plan --out` wrote")
    }
    self.steps = steps.compactMap(\.string)
    do {
      // Signals may have left observed objects as they are, which needn't obey the rules for files:
      // a route over a link that no file declares.
      var desired = try StateFile.decode(
        Array(Tree(state).text().utf8), names: .machine, checkingTogether: false
      ).expanded()
      try desired.complete(by: Machine.atOnce)
      // What blueprints expanded to.
      let claims = document.root["claimed"]?.elements?.compactMap(\.integer) ?? []
      desired.claimedTables = Set(claims.compactMap { UInt32(exactly: $0).map(RouteTable.init) })
      let own = Set(document.root["blueprints"]?.elements?.compactMap(\.string) ?? [])
      for index in desired.tables.indices {
        desired.tables[index].isBlueprints = own.contains(desired.tables[index].id.description)
      }
      self.desired = desired
    } catch {
      throw CommandError("\(path): its state is damaged:\n\(error)")
    }
  }

  var text: String {
    Tree.object([
      ("plan", 1), ("state", StateFile.encode(desired)),
      ("claimed", .array(desired.claimedTables.sorted().map { .integer(Int($0.number)) })),
      (
        "blueprints",
        .array(desired.tables.filter(\.isBlueprints).map { .string($0.id.description) })
      ),
      ("steps", .array(steps.map(Tree.string))),
    ]).text()
  }

  /// The differences between this plan and one made now; empty if the kernel hasn't changed.
  func differences(from plan: Plan) -> String {
    let now = plan.steps.map { $0.text() }
    if now == steps { return "" }
    let gone = steps.filter { !now.contains($0) }.map { "no longer to do:\n\($0)" }
    let new = now.filter { !steps.contains($0) }.map { "to do since:\n\($0)" }
    return (gone + new).joined()
  }
}
