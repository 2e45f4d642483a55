import Model
import Testing

@testable import VRRP

/// Something that a VRRP router does, where that is written or who else tests it, and a script that
/// shows it.
struct Behaviour: Sendable, CustomTestStringConvertible {
  var name: String
  /// A section of RFC 9568, of RFC 3768 (`v2:`), a test of VPP's or holo's, or `ours`.
  var source: String
  var configure: @Sendable (inout VirtualRouter) -> Void
  var script: String

  var testDescription: String { name }

  init(
    _ name: String, _ source: String, _ script: String,
    _ configure: @escaping @Sendable (inout VirtualRouter) -> Void = { _ in }
  ) {
    self.name = name
    self.source = source
    self.script = script
    self.configure = configure
  }

  static let all = starts + backups + masters + faults + families
}

struct BehaviourTests {
  @Test(arguments: Behaviour.all)
  func isSo(behaviour: Behaviour) {
    var router = VirtualRouter(id: 51)
    behaviour.configure(&router)
    #expect(Script(behaviour.script).mistakes(router) == [])
  }

  /// A script of nothing but mistakes is reported line by line: the checks can fail.
  @Test func mistakesAreSeen() {
    let script = """
      0 start => master
      100 hear 200 => sends 5
      200 stop => backup, announces
      300 start
      """
    #expect(Script(script).mistakes(VirtualRouter(id: 51)).count == 5)
  }
}
