internal import Addressing
public import JSON
public import NetworkDesign

/// What `vpngw net` prints about a network.
public struct NetworkReport {
  let design: NetworkDesign

  public init(_ design: NetworkDesign) { self.design = design }

  /// Ends with a newline.
  public var text: String {
    let networks = design.description.network.sorted().map(\.description)
    return """
      The VPN network \(networks.joined(separator: " and ")):

      \(division)

      The MTU of each hop; what limits it is \(design.hops.bottleneck):

      \(hops)

      TCP segments have \(segments).

      A client's routes to the internet, by the next hop:

      \(routes)
      """
  }

  private var division: String {
    let division = design.division
    var head = ["who", "addresses", "count", "for"]
    if division.ipv6 != nil { head.insert("IPv6", at: 2) }
    return table(
      [head]
        + division.rows.map { row in
          design.families.reduce([row.name]) { $0 + [division.text(row.block, $1)!] }
            + ["\(row.block.count)", row.purpose]
        })
  }

  private var hops: String {
    table(
      [["hop", "link", "MTU", "limit"]]
        + design.hops.list.map { [$0.name, $0.link, "\($0.mtu)", $0.limit] })
  }

  private var segments: String {
    let (ipv4, ipv6) = design.hops.segment
    return "at most \(ipv4) bytes" + (design.division.ipv6 == nil ? "" : ", with IPv6 \(ipv6)")
  }

  private var routes: String {
    design.families.flatMap(design.description.clientRoutes).map { "  \($0)" }
      .joined(separator: "\n") + "\n"
  }

  private func table(_ rows: [[String]]) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    return rows.map { row in
      let cells = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }
      let line = "  " + cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}

extension NetworkReport {
  /// The same for programs.
  public var tree: Tree {
    let (division, hops) = (design.division, design.hops)
    return [
      "network": .array(design.description.network.sorted().map { .string("\($0)") }),
      "division": .array(
        division.rows.map { row in
          .object(
            [
              ("name", .string(row.name)), ("count", .integer(row.block.count)),
              ("addresses", .string(division.text(row.block)!)),
            ] + (division.text(row.block, .inet6).map { [("ipv6", .string($0))] } ?? []))
        }),
      "mtu": [
        "network": .integer(hops.network), "bottleneck": .string(hops.bottleneck),
        "hops": .array(
          hops.list.map {
            ["name": .string($0.name), "link": .string($0.link), "mtu": .integer($0.mtu)]
          }),
      ],
      "client_routes": .array(
        design.families.flatMap(design.description.clientRoutes).map { .string("\($0)") }),
    ]
  }
}
