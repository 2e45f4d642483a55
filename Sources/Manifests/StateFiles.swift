internal import Addressing
public import JSON
internal import Model
public import NetworkDesign

/// The state file of each role in a network.
public struct StateFiles {
  let design: NetworkDesign

  public init(_ design: NetworkDesign) { self.design = design }

  static let podLink = "vpn-gw-veth0"
  static let routerLink = "vpn-r-veth0"
  static let bridge = "vpn-gw-bridge0"
  static let routerBridge = "vpn-r-bridge0"

  var description: NetworkDescription { design.description }
  var division: Division { design.division }
  var hasPorts: Bool { !description.ports.isEmpty }

  /// Whether DNS pods' state file says their addresses, and not the attachment. Gateways' always does: a
  /// gateway's number is that of its VIP, by which answers return to it.
  var isStatic: Bool { description.addressing == .static }
  /// The same for routers, which have no number of their own, but are on nodes that have one.
  var areRoutersStatic: Bool { isStatic && !description.routerNodes.isEmpty }

  // MARK: - Nodes

  public var node: Tree { links(routers: true) }
  public var simpleNode: Tree { links(routers: false) }

  private func links(routers: Bool) -> Tree {
    let dev = description.underlay.text
    func vxlan(_ name: String, _ id: Int, mtu: Int, _ master: String) -> Tree {
      [
        "name": .string(name), "type": "vxlan", "id": .integer(id),
        "group": .string("\(description.vxlan.group)"), "dev": .string(dev), "mtu": .integer(mtu),
        "master": .string(master),
      ]
    }
    var links: [Tree] = [
      ["name": .string(dev), "managed": false],
      [
        "name": .string(Self.bridge), "type": "bridge", "mtu": .integer(design.hops.network),
      ],
      vxlan("vpn-gw-vxlan0", description.vxlan.id, mtu: design.hops.network, Self.bridge),
    ]
    if routers {
      links += [
        ["name": .string(Self.routerBridge), "type": "bridge"],
        vxlan(
          "vpn-r-vxlan0", description.vxlan.routerID, mtu: design.hops.vxlan, Self.routerBridge),
      ]
    }
    return ["version": 1, "links": .array(links)]
  }

  // MARK: - Texts

  var networks: Tree {
    let texts = description.network.sorted().map { Tree.string("\($0)") }
    return texts.count == 1 ? texts[0] : .array(texts)
  }

  func text(_ block: Division.Block) -> Tree {
    let texts = design.families.map { Tree.string(division.text(block, $0)!) }
    return texts.count == 1 ? texts[0] : .array(texts)
  }
}
