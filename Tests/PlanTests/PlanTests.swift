import Agent
import Glibc
import Model
import Plan
import State
import TestSupport
import Testing

private let directory =
  String(#filePath.prefix(#filePath.count - "PlanTests.swift".count)) + "Cases/"

/// Golden plans: the observed state, the desired state, and what people read. Pure: no kernel.
/// RECORD=1 saves the present output.
@Suite struct PlanTests {
  static let names = (try? fileNames(in: directory, ending: "")) ?? []

  @Test(arguments: names.filter { !$0.hasPrefix(".") })
  func planMatchesTheGoldenFile(_ name: String) throws {
    let path = directory + name
    let observed = try StateFile.decode(readFile(path + "/observed.json")).expanded().asObserved
    let desired = try StateFile.decode(readFile(path + "/desired.json"))
      .expanded(given: signals(path + "/signals.txt"), keeping: observed)
    let plan = Plan(from: observed, to: desired)
    if getenv("RECORD") != nil { try writeFile(path + "/plan.txt", text(plan)) }
    let kept = String(decoding: try readFile(path + "/plan.txt"), as: UTF8.self)
    #expect(text(plan) == kept)
  }

  /// One line for each signal that is known: `probe.gw0=up`.
  private func signals(_ path: String) throws -> [Signal: Signal.State] {
    guard access(path, R_OK) == 0 else { return [:] }
    var states: [Signal: Signal.State] = [:]
    for line in String(decoding: try readFile(path), as: UTF8.self).split(separator: "\n") {
      let halves = line.split(separator: "=").map(String.init)
      states[try #require(Signal(halves[0]))] = Signal.State(rawValue: halves[1])
    }
    return states
  }

  /// What people read, followed by the order of execution.
  private func text(_ plan: Plan) -> String {
    let order = plan.steps.map { "\($0.change.verb.symbol) \($0.change.object.id)\n" }.joined()
    return plan.text() + "\nin this order:\n" + order
  }
}
