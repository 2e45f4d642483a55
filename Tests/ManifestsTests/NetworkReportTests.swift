import Addressing
import Glibc
import JSON
import Manifests
import Model
import NetworkDesign
import State
import TestSupport
import Testing

struct NetworkReportTests {
  static let cases = "\(checkout)/Tests/ManifestsTests/Cases"
  static let pages =
    [seedPage] + ((try? fileNames(in: cases, ending: ".json")) ?? []).map { "\(cases)/\($0)" }

  /// `RECORD=1` writes the golden files anew.
  @Test(arguments: pages) func pageMeansItsReport(_ path: String) throws {
    let name = path == seedPage ? "seed" : String(path.split(separator: "/").last!.dropLast(5))
    let text: String
    do {
      text = NetworkReport(try page(path)).text
    } catch let problems as Problems {
      text = problems.list.map { "\($0)\n" }.joined()
    }
    let golden = "\(Self.cases)/\(name).txt"
    if getenv("RECORD") != nil { try writeFile(golden, text) }
    #expect(text == String(decoding: try readFile(golden), as: UTF8.self))
  }

  /// But for the gateways' own addresses, which the examples leave to the attachment; with whereabouts so do the
  /// other roles.
  @Test(arguments: [
    "router", "single-router", "gateway", "gateway-wireguard", "node", "dns-pod", "client-pod",
    "simple-gateway", "simple-node",
  ])
  func stateFilesAreThoseOfTheRoles(_ role: String) throws {
    let files = StateFiles(try page(seedPage, adding: "\"addresses\": \"whereabouts\","))
    let tree =
      switch role {
      case "router": files.router
      case "single-router": files.singleRouter
      case "gateway": files.gateway
      case "gateway-wireguard": files.wireguardGateway(0)
      case "node": files.node
      case "dns-pod": files.dnsPod
      case "client-pod": files.clientPod
      case "simple-gateway": files.simpleGateway
      default: files.simpleNode
      }
    let parameters = ParameterSources(environment: { $0 == "INDEX" ? [UInt8(ascii: "0")] : nil })
    var made = try StateFile.decode(Array(tree.text().utf8), parameters: parameters)
    if role.hasPrefix("gateway") {
      made.unconditional[Address.self].removeAll { $0.link.text == "vpn-gw-veth0" }
    }
    let example = try StateFile.decode(
      readFile("\(checkout)/states/\(role).json"), parameters: parameters)
    #expect(made == example)
  }

  @Test func seedsClientRoutes() throws {
    let routes = try page(seedPage).description.clientRoutes(.inet).map(\.description)
    #expect(
      routes == [
        "0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3",
        "64.0.0.0/2", "128.0.0.0/1",
      ])
  }

  /// Every address is in exactly one of the holes and the rest, and the rest can't be said shorter.
  @Test(arguments: 0..<40) func subtractionLeavesTheRest(_ seed: UInt64) throws {
    var random = SplitMix64(seed)
    let family: Family = random.next() % 2 == 0 ? .inet : .inet6
    func address() -> IPAddress {
      let bits = random.next()
      return family == .inet
        ? IPAddress(v4: UInt32(truncatingIfNeeded: bits))
        : IPAddress(v6High: bits, low: random.next())
    }
    let holes = (0..<(1 + random.next() % 6)).map { _ in
      Prefix(address(), length: UInt8(1 + random.next() % UInt64(family.width)))!.network
    }
    let rest = Prefix.all(family).subtracting(holes)
    #expect(rest == rest.sorted())
    let samples =
      holes.flatMap { [$0.address, $0.last, $0.address.previous, $0.last.advanced(1)] }
      + (0..<200).map { _ in address() }
    for sample in samples {
      let count = rest.count { $0.contains(sample) }
      #expect(count == (holes.contains { $0.contains(sample) } ? 0 : 1), "\(sample)")
    }
    for (left, right) in zip(rest, rest.dropFirst()) where left.length == right.length {
      let parent = Prefix(left.address, length: left.length - 1)!.network
      #expect(!parent.contains(right.address), "\(left) and \(right) are \(parent)")
    }
  }
}
