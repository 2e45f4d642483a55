internal import Addressing
public import JSON
internal import Model
internal import NetworkDesign

extension StateFiles {
  public var clientPod: Tree {
    [
      "version": 1, "links": [["name": .string(Self.podLink), "managed": false]],
      "routes": .array(
        clientRoutes(division.nextHop).map { dst, via in
          ["dst": .string("\(dst)"), "via": .string("\(via)"), "dev": .string(Self.podLink)]
        }),
    ]
  }

  /// The cluster's DNS address, by the routers that answer for it, and the internet, by this next hop.
  func clientRoutes(
    _ nextHop: Division.Block, dns asksRouter: Bool = true
  ) -> [(dst: Prefix, via: IPAddress)] {
    let server = asksRouter ? description.clusterDNS : nil
    let dns = server.map { [(dst: Prefix($0), via: division.address(division.nextHop.first)!)] }
    return (dns ?? [])
      + design.families.flatMap { family in
        description.clientRoutes(family).map {
          (dst: $0, via: division.address(nextHop.first, family)!)
        }
      }
  }

  public var dnsPod: Tree {
    // Other pods of the link too, whose answers the router translates back.
    let routes = ([division.network] + description.clientRoutes(.inet)).map { dst -> Tree in
      [
        "dst": .string("\(dst)"), "via": .string("\(division.address(division.nextHop.first)!)"),
        "dev": .string(Self.podLink), "onlink": true,
      ]
    }
    // With the network's length the kernel would have a route to it without the router.
    let own = isStatic ? Array(counted(division.dns, length: 32).prefix(1)) : []
    return .object(
      [("version", 1)] + (isStatic ? [("parameters", index(description.dnsPods))] : [])
        + [("links", [["name": .string(Self.podLink), "managed": false]])]
        + (own.isEmpty ? [] : [("addresses", .array(own))]) + [("routes", .array(routes))])
  }
}
