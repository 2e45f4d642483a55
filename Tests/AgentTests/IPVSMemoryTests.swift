import Model
import Plan
import TestSupport
import Testing

@testable import Agent

/// IPVS keeps no mark: a file records what is ours.
@Suite struct IPVSMemoryTests {
  /// Whether there was anything to record.
  private func note(
    _ change: Change, in memory: inout Memory<RememberedIPVS>
  ) throws -> Bool {
    var isNews = false
    try memory.change { content in
      isNews = content.remember(change)
      return isNews
    }
    return isNews
  }

  private func service(_ numbers: [Int], port: UInt16 = 80) -> IPVSService {
    let address = IPAddress("192.0.2.1")!
    var service = IPVSService(.address(address, port: port, protocol: .tcp))
    service.destinations = numbers.map {
      IPVSDestination(IPAddress("fd00::\($0)")!, port: UInt16(8000 + $0))
    }
    return service
  }

  /// The plan for `wanted` when these services exist, with the memory in `directory`.
  private func plan(
    _ present: [IPVSService], to wanted: [IPVSService], _ directory: String
  ) -> String {
    var observed = NetworkState()
    observed.ipvsServices = present
    Memory<RememberedIPVS>(path: directory + "/ipvs").content.annotate(&observed)
    var desired = NetworkState()
    desired.ipvsServices = wanted
    return Plan(from: observed, to: desired).text()
  }

  @Test func unrecordedServicesAreMarkedInPlansAndCounted() throws {
    try TemporaryDirectory.with { directory in
      var memory = Memory<RememberedIPVS>(path: directory + "/ipvs")
      let isNew = try note(Change(.create, service([1, 2])), in: &memory)
      let isNewAgain = try note(Change(.create, service([1])), in: &memory)
      #expect(isNew && !isNewAgain)
      // One of our own services goes, and one of somebody else's; so does a service at our address.
      #expect(
        plan([service([1, 2, 9]), service([3], port: 81)], to: [service([1])], directory) == """
          ~ ipvs tcp 192.0.2.1:80
              - destination [fd00::2]:8002
              - destination [fd00::9]:8009 (theirs)
          - ipvs tcp 192.0.2.1:81            (somebody else made it; the file claims all that is there)
              scheduler: wlc
              destination [fd00::3]:8003: { forwarding masquerade, weight 1 }

          1 to change, 1 to delete; 2 remove what others made.

          """)
      // What we change becomes ours; what we delete stays recorded for when it comes back.
      let change = Change(
        .update, service([1, 3]), observed: service([1, 2, 9]))
      let isChanged = try note(change, in: &memory)
      #expect(isChanged)
      #expect(
        plan([service([1, 2, 3])], to: [service([1])], directory) == """
          ~ ipvs tcp 192.0.2.1:80
              - destination [fd00::2]:8002
              - destination [fd00::3]:8003

          1 to change.

          """)
      // A deleted service is forgotten with its destinations.
      var empty = NetworkState()
      try memory.change { $0.forget(given: empty) }
      #expect(memory.content.isEmpty)
      empty.ipvsServices = [service([1])]
      #expect(
        plan([service([1])], to: [service([1], port: 81)], directory)
          .contains("- ipvs tcp 192.0.2.1:80            (somebody else made it"))
    }
  }

  /// Earlier versions recorded only services: their destinations don't count as others'.
  @Test func destinationsThatWereNeverRecordedAreOurs() throws {
    try TemporaryDirectory.with { directory in
      try writeFile(directory + "/ipvs", #"{ "services": [ "tcp 192.0.2.1:80" ] }"#)
      #expect(
        plan([service([1, 2])], to: [service([1])], directory) == """
          ~ ipvs tcp 192.0.2.1:80
              - destination [fd00::2]:8002

          1 to change.

          """)
    }
  }

  /// Pods come and go under new addresses.
  @Test func theMemoryDoesNotGrowForEver() throws {
    try TemporaryDirectory.with { directory in
      var memory = Memory<RememberedIPVS>(path: directory + "/ipvs")
      for number in 1..<2_000 {
        let change = Change(
          number == 1 ? .create : .update, service([number]),
          observed: number == 1 ? nil : service([number - 1]))
        let isNew = try note(change, in: &memory)
        #expect(isNew)
      }
      #expect(try readFile(directory + "/ipvs").count < 4_096)
    }
  }
}
