internal import JSON

/// Flux's Kustomizations, each of which waits for those that it depends on.
struct Flux {
  let namespace: String
  let gatewayBase: String

  var file: GeneratedFile {
    let steps: [(String, String, [String])] = [
      ("vpn-node", "node", []),
      ("vpn-network", "networks", ["vpn-node", "multus", "whereabouts"]),
      ("vpn-gateway", gatewayBase, ["vpn-network"]),
      ("vpn-router", "router", ["vpn-gateway"]),
      ("vpn-dns", "dns", ["vpn-router"]),
    ]
    return GeneratedFile(
      "kustomizations.yaml", steps.map(kustomization),
      comment: """
        The nodes' links, the networks, the gateways, the routers, DNS. multus and whereabouts are your
        Kustomizations of those names; the path is where your repository has this directory.
        """)
  }

  private func kustomization(_ name: String, _ directory: String, _ needs: [String]) -> Tree {
    .object(
      [
        ("apiVersion", "kustomize.toolkit.fluxcd.io/v1"), ("kind", "Kustomization"),
        ("metadata", ["name": .string(name), "namespace": "flux-system"]),
        (
          "spec",
          .object(
            (needs.isEmpty
              ? [] : [("dependsOn", .array(needs.map { ["name": .string($0)] }))])
              + [
                ("interval", "30m"), ("timeout", "5m"), ("prune", true), ("wait", true),
                ("path", .string("./deploy/\(directory)")),
                ("sourceRef", ["kind": "GitRepository", "name": "flux-system"]),
                ("targetNamespace", .string(namespace)),
              ])
        ),
      ])
  }
}
