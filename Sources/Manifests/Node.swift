internal import JSON
internal import NetworkDesign

/// Nodes: a DaemonSet in their own network namespace, which keeps the bridges and VXLANs.
struct NodeManifests {
  let workload: Workload
  let stateName: String
  let state: Tree

  var daemonSet: Tree {
    let local = "127.0.0.1"
    let container = workload.daemon(
      stateName, environment: [Workload.nodeName], capabilities: ["NET_ADMIN"],
      probes: [
        Workload.probe("readinessProbe", "/readyz", host: local, ("periodSeconds", 10)),
        Workload.probe(
          "livenessProbe", "/livez", host: local, ("periodSeconds", 10), ("failureThreshold", 6)),
      ], ofNode: true)
    return [
      "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": workload.metadata,
      "spec": [
        "revisionHistoryLimit": 3,
        "updateStrategy": ["type": "RollingUpdate", "rollingUpdate": ["maxUnavailable": 1]],
        "selector": ["matchLabels": workload.selector],
        "template": workload.template(
          nil,
          [
            ("hostNetwork", true), ("dnsPolicy", "Default"),
            ("priorityClassName", "system-node-critical"),
            ("tolerations", [["operator": "Exists"]]), ("terminationGracePeriodSeconds", 10),
            ("containers", [container]), ("volumes", .array(volumes)),
          ]),
      ],
    ]
  }

  /// What vpngw remembers must outlive its pod, as the node's links do.
  private var volumes: [Tree] {
    [
      workload.volumes[0],
      ["name": "run", "hostPath": ["path": "/run/vpngw", "type": "DirectoryOrCreate"]],
    ]
  }

  var base: [GeneratedFile] {
    [
      workload.kustomization(["daemonset.yaml"], [stateName]),
      GeneratedFile("daemonset.yaml", [daemonSet]),
      GeneratedFile(stateName, state),
    ]
  }
}
