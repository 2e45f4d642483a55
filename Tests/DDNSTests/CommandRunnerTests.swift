import DDNSTransport
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import DDNS

struct CommandRunnerTests {
  private func run(
    _ script: String, environment: [String: String] = [:], input: String = "",
    within timeout: Duration = .seconds(20), allowsExec: Bool = true
  ) async throws -> CommandResult {
    let transport = Transport(
      on: MultiThreadedEventLoopGroup.singleton.any(), allowsExec: allowsExec)
    let request = CommandRequest(
      words: ["/bin/sh", "-c", script], environment: environment, input: Array(input.utf8))
    return try await transport.perform(.command(request) { .done($0) }, within: timeout).get()
  }

  @Test func aCommandHasItsInputAndOurWords() async throws {
    let result = try await run(
      "cat; echo $DDNS_NAME; echo no >&2; exit 3", environment: ["DDNS_NAME": "a.example.org"],
      input: "{}\n")
    #expect(String(decoding: result.output, as: UTF8.self) == "{}\na.example.org\n")
    #expect(result.errors == Array("no\n".utf8) && result.status == 3)
    // What else we have in our environment is nobody's business.
    let variables = try await run("env")
    #expect(!String(decoding: variables.output, as: UTF8.self).contains("SWIFT_"))
  }

  /// With all that it has started.
  @Test func oneThatHangsIsKilledAtItsDeadline() async throws {
    let mark = "\(4_711_000 + UInt32.random(in: 0..<1000))"
    let error = await #expect(throws: ProviderError.self) {
      try await run("sleep \(mark) & sleep \(mark)", within: .milliseconds(300))
    }
    #expect(error?.message == "/bin/sh was still running at its deadline, and was killed")
    #expect(try eventually { try TestSupport.run(["pgrep", "-f", "sleep \(mark)"]).output == "" })
  }

  @Test func outputIsBounded() async throws {
    let result = try await run("head -c 10000000 /dev/zero")
    #expect(result.status == 0 && result.output.count == 1 << 16)
  }

  @Test func nothingIsRunUnlessAllowed() async throws {
    let error = await #expect(throws: ProviderError.self) {
      try await run("true", allowsExec: false)
    }
    #expect(error?.message == "commands are run with `vpngw run --allow-exec` only")
  }
}
