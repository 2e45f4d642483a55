import JSON
import Model
import State
import Testing

/// Whatever `show` prints of a machine, ours and others', is a file that means the same.
@Suite struct RoundTripTests {
  enum Sample: String, CaseIterable {
    case links, addresses, neighbors, nexthops, routes, rules, sysctls, ipvs
  }

  @Test(arguments: Sample.allCases)
  func encodedConfigurationDecodesToItself(_ sample: Sample) throws {
    let configuration =
      switch sample {
      case .links: Self.links
      case .addresses: Self.addresses
      case .neighbors: Self.neighbors
      case .nexthops: Self.nexthops
      case .routes: Self.routes
      case .rules: Self.rules
      case .sysctls: Self.sysctls
      case .ipvs: Self.ipvs
      }
    let text = StateFile.encode(configuration).text()
    do {
      #expect(try sorted(StateFile.decode(Array(text.utf8)).expanded()) == sorted(configuration))
    } catch {
      Issue.record("\(error)\n\(text)")
    }
  }

  @Test func encodedTextIsTheSameInAnyOrder() {
    var shuffled = Self.everything
    shuffled.links.reverse()
    shuffled.addresses.reverse()
    shuffled.fdb.reverse()
    shuffled.routes.reverse()
    shuffled.rules.reverse()
    shuffled.ipvsServices.reverse()
    shuffled.ipvsDaemons.reverse()
    #expect(StateFile.encode(shuffled) == StateFile.encode(Self.everything))
  }

  @Test func sectionsAreInFixedOrderWithoutEmptyOnes() {
    #expect(StateFile.encode(NetworkState()) == ["version": 1])
    guard case .object(let members) = StateFile.encode(Self.everything) else {
      Issue.record("no object")
      return
    }
    let order = [
      "version", "sysctls", "links", "addresses", "neighbors", "nexthops", "routes", "rules",
      "ipvs",
    ]
    #expect(members.map(\.0) == order)
  }

  private static let everything = {
    var all = links
    all.sysctls = sysctls.sysctls
    all.addresses = addresses.addresses
    all.neighbors = neighbors.neighbors
    all.fdb = neighbors.fdb
    all.nexthops = nexthops.nexthops
    all.routes = routes.routes
    all.rules = rules.rules
    all.ipvsServices = ipvs.ipvsServices
    all.ipvsTimeouts = ipvs.ipvsTimeouts
    all.ipvsDaemons = ipvs.ipvsDaemons
    return all
  }()
}
