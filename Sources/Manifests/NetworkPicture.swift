internal import Addressing
internal import NetworkDesign

/// The network's division and the MTU of its hops, drawn (SVG); legible on light and on dark pages.
struct NetworkPicture {
  let design: NetworkDesign

  private static let width = 1000
  private static let margin = 24
  /// Where the bars begin: the quarters' first addresses stand before them.
  private static let bars = 190
  private static let barHeight = 44

  var svg: String {
    let (bars, height) = division
    let (hops, end) = hops(from: height + 36)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(end)" \
      font-family="system-ui, sans-serif" font-size="14">
      <!-- \(GeneratedFile.note) -->
      <title>\(escaped(title))</title>
      <style>
      .paper { fill: #ffffff } .ink { fill: #1f2328 } .quiet { fill: #59636e } .free { fill: #eff2f5 }
      .box { fill: #f6f8fa; stroke: #d1d9e0 } .narrow { fill: #fff8c5; stroke: #d4a72c } .way { stroke: #59636e }
      .c0 { fill: #54aeff } .c1 { fill: #b6e3ff } .c2 { fill: #2da44e } .c3 { fill: #bf8700 }
      .c4 { fill: #6fdd8b } .c5 { fill: #cf222e } .c6 { fill: #a475f9 } .c7 { fill: #fd8c73 }
      @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117 } .ink { fill: #f0f6fc } .quiet { fill: #9198a1 } .free { fill: #21262d }
      .box { fill: #151b23; stroke: #3d444d } .narrow { fill: #341a00; stroke: #9e6a03 } .way { stroke: #9198a1 }
      .c0 { fill: #1f6feb } .c1 { fill: #0c2d6b } .c2 { fill: #238636 } .c3 { fill: #9e6a03 }
      .c4 { fill: #0f5323 } .c5 { fill: #da3633 } .c6 { fill: #8957e5 } .c7 { fill: #bd561d }
      }
      </style>
      <rect class="paper" width="\(Self.width)" height="\(end)"/>
      \((bars + hops).joined(separator: "\n"))
      </svg>

      """
  }

  private var title: String {
    "The VPN network "
      + design.description.network.sorted().map { "\($0)" }.joined(separator: " and ")
  }

  // MARK: - The division

  private var division: (lines: [String], height: Int) {
    let division = design.division
    let quarter = (division.dns.first / 7) * 2
    var lines = [text(Self.margin, 36, title, size: 18)]
    var top = 56
    for number in 0..<4 {
      let first = division.address(number * quarter)!
      lines.append(text(Self.margin, top + 27, "\(first)", class: "quiet"))
      lines.append(rectangle(Self.bars, top, barWidth, Self.barHeight, "free"))
      for (row, color) in colored where row.block.first / quarter == number {
        let place = row.block.first - number * quarter
        let left = Self.bars + place * barWidth / quarter
        let right = Self.bars + (place + row.block.count) * barWidth / quarter
        // A single address of many is no wider than a line; neighbours have a gap between them.
        lines.append(rectangle(left, top, max(2, right - left - 1), Self.barHeight, "c\(color)"))
      }
      top += Self.barHeight + 8
    }
    top += 16
    let half = (colored.count + 1) / 2
    for (number, (row, color)) in colored.enumerated() {
      let left = number < half ? Self.margin : Self.width / 2 + Self.margin / 2
      let base = top + (number % half) * 24
      lines.append(rectangle(left, base, 14, 14, "c\(color)"))
      lines.append(text(left + 24, base + 12, row.name))
      lines.append(text(left + 190, base + 12, division.text(row.block)!, class: "quiet"))
      lines.append(
        text(left + 460, base + 12, "\(row.block.count)", class: "quiet", anchor: "end"))
    }
    return (lines, top + half * 24)
  }

  private var barWidth: Int { Self.width - Self.bars - Self.margin }

  /// Each row with the number of its colour.
  private var colored: [(Division.Row, Int)] {
    let division = design.division
    let blocks = [
      division.clients, division.singleExitClients, division.gateways, division.routers,
      division.vips,
    ]
    return division.rows.map { row in
      let color =
        blocks.firstIndex(of: row.block)
        ?? (row.block == division.dns ? 7 : division.ports.contains(row.block) ? 6 : 5)
      return (row, color)
    }
  }

  // MARK: - The hops

  private func hops(from top: Int) -> (lines: [String], height: Int) {
    let hops = design.hops
    var lines = [
      text(Self.margin, top, "MTU of each hop", size: 18),
      text(
        Self.width - Self.margin, top, "limited by \(hops.bottleneck)", class: "quiet",
        anchor: "end"),
    ]
    let step = (Self.width - 2 * Self.margin + 14) / hops.list.count
    let (boxTop, boxHeight) = (top + 20, 84)
    for (number, hop) in hops.list.enumerated() {
      let left = Self.margin + number * step
      let middle = left + (step - 14) / 2
      let isNarrow = hop.name == hops.narrowest
      lines.append(
        rectangle(left, boxTop, step - 14, boxHeight, isNarrow ? "narrow" : "box", rounded: 6))
      if number > 0 {
        lines.append(
          "<path class=\"way\" d=\"M\(left - 14) \(boxTop + boxHeight / 2)h14\"/>")
      }
      lines.append(text(middle, boxTop + 24, shortName(hop), size: 12, anchor: "middle"))
      lines.append(
        text(middle, boxTop + 42, hop.link, size: 11, class: "quiet", anchor: "middle"))
      lines.append(text(middle, boxTop + 68, "\(hop.mtu)", size: 18, anchor: "middle"))
    }
    return (lines, boxTop + boxHeight + Self.margin)
  }

  /// As much of the name as a box has room for.
  private func shortName(_ hop: Hop) -> String {
    switch hop.name {
    case "bridge of a node": "bridge"
    case "VXLAN between nodes": "VXLAN"
    case "way to the provider": "to the provider"
    default: hop.name
    }
  }

  // MARK: - Elements

  private func rectangle(
    _ left: Int, _ top: Int, _ width: Int, _ height: Int, _ style: String, rounded: Int = 2
  ) -> String {
    "<rect class=\"\(style)\" x=\"\(left)\" y=\"\(top)\" width=\"\(width)\" height=\"\(height)\" "
      + "rx=\"\(rounded)\"/>"
  }

  private func text(
    _ left: Int, _ base: Int, _ text: String, size: Int? = nil, class style: String = "ink",
    anchor: String? = nil
  ) -> String {
    let size = size.map { " font-size=\"\($0)\"" } ?? ""
    let anchor = anchor.map { " text-anchor=\"\($0)\"" } ?? ""
    return
      "<text class=\"\(style)\" x=\"\(left)\" y=\"\(base)\"\(size)\(anchor)>\(escaped(text))</text>"
  }

  /// A link's name may hold any of these.
  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
