internal import JSON
public import NetworkDesign

/// Everything that `vpngw net --out` writes about a network.
public struct NetworkFiles {
  let design: NetworkDesign
  let image: String
  let files: StateFiles

  /// `image`: that of vpngw, which users' kustomizations may rename.
  public init(_ design: NetworkDesign, image: String) {
    self.design = design
    self.image = image
    files = StateFiles(design)
  }

  private var description: NetworkDescription { design.description }

  private func workload(_ name: String) -> Workload {
    Workload(name: name, namespace: description.namespace, image: image)
  }

  /// Sorted by path.
  public var all: [GeneratedFile] {
    let report = NetworkReport(design).text
    let overview = [
      GeneratedFile(path: "network.txt", text: "\(GeneratedFile.note)\n\n\(report)"),
      GeneratedFile(path: "network.svg", text: NetworkPicture(design: design).svg),
      root,
    ]
    return
      (overview + bases + simple.below("simple") + appTemplate.below("app-template")
      + [Flux(namespace: description.namespace, gatewayBase: gatewayBase).file].below("flux")
      + Examples(design: design).files.below("examples"))
      .sorted { $0.path < $1.path }
  }

  private var gatewayBase: String {
    description.tunnel == .gluetun ? "gateway" : "gateway-wireguard"
  }

  /// The whole network; its alternatives are bases of their own.
  private var root: GeneratedFile {
    GeneratedFile(
      "kustomization.yaml",
      [
        .object(
          Workload.kustomization(
            description.namespace, ["node", "networks", gatewayBase, "router", "dns"]))
      ],
      comment:
        "Your own kustomization gives the image its registry: images: [{name: vpngw, newName: ...}]."
    )
  }

  private func networks(_ attachments: [Tree]) -> [GeneratedFile] {
    [
      GeneratedFile(
        "kustomization.yaml",
        [.object(Workload.kustomization(description.namespace, ["networks.yaml"]))]),
      GeneratedFile("networks.yaml", attachments),
    ]
  }

  // MARK: - Bases

  private var router: RouterManifests {
    RouterManifests(files: files, workload: workload("vpn-router"), role: .all)
  }
  private var singleRouter: RouterManifests {
    RouterManifests(files: files, workload: workload("vpn-router-single"), role: .singleExit)
  }
  private var gateway: GatewayManifests {
    GatewayManifests(files: files, workload: workload("vpn-gateway"), role: .gluetun)
  }
  private var node: NodeManifests {
    NodeManifests(workload: workload("vpn-node"), stateName: "node.json", state: files.node)
  }

  private var bases: [GeneratedFile] {
    let wireguard = GatewayManifests(
      files: files, workload: workload("vpn-gateway"), role: .wireguard)
    return networks(Attachments(design).all).below("networks") + node.base.below("node")
      + gateway.base.below("gateway")
      + (description.wireguard.isEmpty ? [] : wireguard.base.below("gateway-wireguard"))
      + router.base.below("router") + singleRouter.base.below("single-router")
      + DNSManifests(files: files, workload: workload("vpn-dns")).base.below("dns")
  }

  private var simple: [GeneratedFile] {
    let gateway = GatewayManifests(files: files, workload: workload("vpn-gateway"), role: .simple)
    let node = NodeManifests(
      workload: workload("vpn-node"), stateName: "simple-node.json", state: files.simpleNode)
    let root = GeneratedFile(
      "kustomization.yaml",
      [.object(Workload.kustomization(description.namespace, ["node", "networks", "gateway"]))])
    return [root] + networks(Attachments(design).simple).below("networks")
      + node.base.below("node") + gateway.base.below("gateway")
  }

  // MARK: - app-template

  private var appTemplate: [GeneratedFile] {
    [
      AppTemplate(workload: router.workload).values(
        "router-values.yaml",
        controller: [
          ("type", "deployment"), ("replicas", .integer(description.routers)),
          ("strategy", "RollingUpdate"), ("rollingUpdate", ["surge": 0, "unavailable": 1]),
        ],
        pod: [
          ("annotations", router.annotations), ("affinity", router.affinity),
          ("automountServiceAccountToken", false), ("dnsPolicy", "Default"),
        ],
        containers: [router.container], states: [(router.stateName, router.state)]),
      AppTemplate(workload: gateway.workload).values(
        "gateway-values.yaml",
        controller: [
          ("type", "statefulset"), ("replicas", .integer(description.gateways)),
          ("statefulset", ["podManagementPolicy": "Parallel"]),
        ],
        pod: [
          ("annotations", gateway.annotations),
          ("affinity", gateway.workload.preferredAntiAffinity),
          ("automountServiceAccountToken", false),
          ("dnsConfig", ["options": [["name": "ndots", "value": "1"]]]),
        ],
        initContainers: [gateway.daemon], containers: [gateway.gluetun], states: gateway.states,
        secret: true),
    ]
  }
}
