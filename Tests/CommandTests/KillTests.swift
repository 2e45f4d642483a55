import Glibc
import TestSupport
import Testing

/// After kill -9 at any moment, the next apply reaches the same state.
@Suite struct KillTests {
  /// 2,000 objects: 100 links, 500 addresses, 200 neighbors, 100 nexthops, 800 routes, 300 rules.
  private static let file: String = {
    func list(_ count: Int, _ object: (Int) -> String) -> String {
      "[ " + (0..<count).map(object).joined(separator: ",\n") + " ]"
    }
    return """
      { "version": 1,
        "links": \(list(100) { #"{ "name": "l\#($0)", "type": "ifb", "address": "02:00:00:00:00:\#(hex($0))" }"# }),
        "addresses": \(list(500) { #"{ "link": "l\#($0 % 100)", "address": "10.\#($0 / 100).\#($0 % 100).1/24" }"# }),
        "neighbors": \(list(200) { #"{ "link": "l\#($0 % 100)", "address": "10.0.\#($0 % 100).\#(10 + $0 / 100)", "mac": "02:00:00:00:01:\#(hex($0))" }"# }),
        "nexthops": \(list(100) { #"{ "id": \#($0 + 1), "via": "10.0.\#($0).2", "dev": "l\#($0)" }"# }),
        "routes": \(list(800) { #"{ "dst": "172.\#(16 + $0 / 256).\#($0 % 256).0/24", "nhid": \#($0 % 100 + 1) }"# }),
        "rules": \(list(300) { #"{ "priority": \#(1000 + $0), "family": "inet", "fwmark": "0x\#(String($0 + 1, radix: 16))", "lookup": \#($0 + 1000) }"# }) }
      """
  }()

  private static func hex(_ number: Int) -> String {
    (number < 16 ? "0" : "") + String(number, radix: 16)
  }

  @Test func killedAtFiftyMomentsTheNextApplyReachesTheSameState() throws {
    var expected = ""
    var length: UInt64 = 0
    try Vpngw.inNamespace { vpngw in
      let path = try vpngw.file("state.json", Self.file)
      let start = now()
      let finished = try vpngw("apply", path)
      length = now() - start
      #expect(finished.error == "")
      #expect(finished.output.hasSuffix("2000 created.\n"))
      expected = try vpngw("show").output
    }
    var interrupted = 0
    var random = UInt64(42)
    for moment in 0..<500 where interrupted < 50 {
      try Vpngw.inNamespace { vpngw in
        let path = try vpngw.file("state.json", Self.file)
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let apply = try vpngw.start("apply", path)
        usleep(UInt32((random >> 33) % length / 1000))
        apply.kill(SIGKILL)
        guard apply.wait().status == 128 + SIGKILL else {
          // It finished before: the machine has become faster.
          length = length * 9 / 10 + 1_000_000
          return
        }
        interrupted += 1
        let finished = try vpngw("apply", path)
        #expect(finished.status == 0, "moment \(moment): \(finished.error)")
        #expect(try vpngw("show").output == expected, "moment \(moment)")
        #expect(try vpngw("plan", path).status == 0, "moment \(moment)")
        #expect(try sh("ip rule show").split(separator: "\n").count == 303)
        #expect(try sh("ip -4 -o address show").split(separator: "\n").count == 501)
      }
    }
    #expect(interrupted == 50)
  }

  /// In nanoseconds.
  private func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
