import Glibc
import TestSupport
import Testing

/// `vpngw net`, and `deploy/`, which it made.
struct NetTests {
  private static let checkout = String(
    #filePath.dropLast("/Tests/CommandTests/NetTests.swift".count))
  private static let python = checkout + "/.venv/bin/python3"
  private let page = checkout + "/deploy/net.json"

  private func files(below directory: String) throws -> [String: [UInt8]] {
    let names = try run(["find", directory, "-type", "f", "-printf", "%P\\n"]).output
    return try names.split(separator: "\n").reduce(into: [:]) { files, name in
      files[String(name)] = try readFile("\(directory)/\(name)")
    }
  }

  /// After a change of either: `vpngw net deploy/net.json --out deploy`.
  @Test func deployIsWhatThePagePrints() throws {
    try TemporaryDirectory.with { directory in
      for _ in 1...2 {
        let made = try run([Vpngw.path, "net", page, "--out", directory + "/a/b"])
        #expect(made.status == 0, "\(made)")
        var kept = try files(below: Self.checkout + "/deploy")
        kept["net.json"] = nil
        let written = try files(below: directory + "/a/b")
        #expect(written.keys.sorted() == kept.keys.sorted())
        for (name, bytes) in written { #expect(bytes == kept[name], "\(name)") }
      }
    }
  }

  @Test(.enabled("kubernetes-validate is missing: run make setup") { access(python, X_OK) == 0 })
  func manifestsAreWhatKubernetesAndVpngwTake() throws {
    let checked = try run([
      Self.python, Self.checkout + "/Tests/CommandTests/manifests.py", Self.checkout + "/deploy",
      // The oldest in which an init container may go on as a sidecar.
      Vpngw.path, "1.29",
    ])
    #expect(checked.status == 0, "\(checked.output)\(checked.error)")
  }

  /// Pages that differ in what manifests depend on.
  @Test(
    .enabled("kubernetes-validate is missing: run make setup") { access(python, X_OK) == 0 },
    arguments: [
      """
      "network": ["10.64.0.0/20", "fd24::/64"], "intranet": ["10.0.0.0/11", "fd10::/16"], "addresses": "static",
      "gateways": 1, "router_nodes": ["a.example.org", "b"], "ports": [443, "5000-5002"], "tunnel": "wireguard",
      "wireguard": [{ "public_key": "HiNpzpwyj2aB3ztApMe3URQmyn4wq5Xvqc4lh4bQfwM=", "endpoint": "vpn.example.org:1", "address": "10.2.0.2" }],
      """,
      """
      "network": "10.64.0.0/24", "intranet": "10.0.0.0/11", "gateways": 2, "addresses": "whereabouts",
      "router_nodes": ["a", "b"],
      """,
    ])
  func manifestsOfOtherPages(_ members: String) throws {
    try TemporaryDirectory.with { directory in
      let text = """
        { "version": 1, \(members) "router_network": "10.65.0.0/24", "underlay": "e&<0",
          "mtu": { "underlay": 1500, "provider": 1420 } }
        """
      try writeFile(directory + "/net.json", text)
      let made = try run([Vpngw.path, "net", directory + "/net.json", "--out", directory])
      #expect(made.status == 0, "\(made)")
      let checked = try run([
        Self.python, Self.checkout + "/Tests/CommandTests/manifests.py", directory, Vpngw.path,
      ])
      #expect(checked.status == 0, "\(checked.output)\(checked.error)")
    }
  }

  /// What DNS pods answer goes by the router, even to pods of the same link, and so do their questions.
  @Test func dnsPodSendsEverythingByTheRouter() throws {
    try Vpngw.inNamespace { vpngw in
      try sh("ip link add vpn-gw-veth0 type veth peer name switch")
      for link in ["switch", "vpn-gw-veth0"] { try sh("ip link set \(link) up") }
      let file = Self.checkout + "/deploy/dns/dns-pod.json"
      let applied = try vpngw("apply", "--set", "INDEX=2", file)
      #expect(applied.status == 0, "\(applied)")
      for destination in ["192.168.24.5", "192.168.27.128", "1.1.1.1"] {
        let route = try sh("ip route get \(destination)")
        #expect(
          route.contains("via 192.168.26.254 dev vpn-gw-veth0 src 192.168.27.130"), "\(route)")
      }
    }
  }

  @Test func othersFilesStay() throws {
    try TemporaryDirectory.with { directory in
      _ = try run(["mkdir", directory + "/router"])
      try writeFile(directory + "/router/router.json", "{ \"version\": 1 }")
      let refused = try run([Vpngw.path, "net", page, "--out", directory])
      #expect(refused.status == 1)
      #expect(
        refused.error.contains("router/router.json: there already, and not made by vpngw net"))
      #expect(try files(below: directory).keys.sorted() == ["router/router.json"])
    }
  }

  @Test func oneFileIsPrinted() throws {
    let printed = try run([Vpngw.path, "net", page, "--print", "router/router.json"])
    #expect(
      Array(printed.output.utf8) == (try readFile(Self.checkout + "/deploy/router/router.json")))
    let unknown = try run([Vpngw.path, "net", page, "--print", "router.json"])
    #expect(unknown.status == 1)
    #expect(unknown.error.contains("there is no such file"))
    #expect(unknown.error.contains("  router/router.json"))
  }

  @Test func mistakesHavePlaces() throws {
    let page = "{ \"version\": 1, \"network\": \"10.0.0.0/24\", \"gateways\": 0 }"
    let refused = try run([Vpngw.path, "net", "-"], input: page)
    #expect(refused.status == 1)
    #expect(refused.error.contains("-:1:55: /gateways: must be an integer from 1 to 64"))
    #expect(refused.output.isEmpty)
  }
}
