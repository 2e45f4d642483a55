import Addressing
import Model
import State
import Testing
import VRRP

/// What a virtual router's files hold: keys, and a password.
struct VRRPFileTests {
  private struct Files: Surroundings {
    var files: [String: String] = [:]

    func secret(at path: String) throws(Incompleteness) -> [UInt8] {
      guard let text = files[path] else { throw Incompleteness("there is no \(path)") }
      return Array(text.utf8)
    }

    func addresses(of host: String) -> [IPAddress] { [] }
  }

  private static let key = String(repeating: "0f", count: 32)

  private func file(_ words: String) -> [UInt8] {
    Array(
      """
      { "version": 1, "links": [{ "name": "eth0", "managed": false }],
        "vrrp": { "clients": { "link": "eth0", "id": 51, \(words) } } }
      """.utf8)
  }

  private func router(_ words: String, _ files: [String: String]) throws -> VirtualRouter {
    let state = try StateFile.decode(file(words), surroundings: Files(files: files))
    #expect(state.needsSurroundings)
    return try #require(state.inputs[VRRPInstance.self].first).router
  }

  /// Without its key a router would speak to anybody.
  @Test(arguments: [#""families": ["inet"]"#, #""peers": ["2001:db8::2"]"#])
  func authenticatesByTheKeyInTheFile(_ words: String) throws {
    let hmac = #", "hmac": { "keys": [{ "id": 7, "file": "/key" }] }"#
    let router = try router(words + hmac, ["/key": Self.key + "\n"])
    guard case .hmac(let keyring) = router.authentication else {
      Issue.record("no HMAC: \(router.authentication)")
      return
    }
    #expect(keyring.keys == [Keyring.Key(id: 7, bytes: [UInt8](repeating: 0x0f, count: 32))])
  }

  @Test func authenticatesByThePasswordInTheFile() throws {
    let router = try router(
      #""version": 2, "password_file": "/password""#, ["/password": "secret\n"])
    #expect(router.authentication == .password(Array("secret".utf8)))
  }

  @Test(arguments: [
    (#""hmac": { "keys": [{ "id": 7, "file": "/key" }] }"#, [:]),
    (#""hmac": { "keys": [{ "id": 7, "file": "/key" }] }"#, ["/key": "0f0f"]),
    (#""version": 2, "password_file": "/password""#, ["/password": "much too long"]),
  ])
  func missingOrWrongFileIsAnError(_ words: String, _ files: [String: String]) throws {
    let error = #expect(throws: Problems.self) {
      try StateFile.decode(file(words), surroundings: Files(files: files))
    }
    #expect(error?.list.count == 1)
    #expect(error?.list.first?.pointer.map { "\($0)" } == "/vrrp/clients")
  }
}

/// Signals of links that a virtual router alone depends on.
struct TrackedLinkTests {
  @Test func trackedLinkSaysItsSignal() throws {
    let text = """
      { "version": 1,
        "links": [{ "name": "eth0", "managed": false }, { "name": "up0", "managed": false }],
        "vrrp": { "clients": { "link": "eth0", "id": 51, "track": [{ "when": "link.up0" }] } } }
      """
    let state = try StateFile.decode(Array(text.utf8))
    let signal = Signal(.link, "up0")
    #expect(state.linkSignals(in: NetworkState()) == [signal: .down])
  }
}
