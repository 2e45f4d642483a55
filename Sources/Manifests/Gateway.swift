internal import JSON
internal import NetworkDesign

/// Gateway pods: a StatefulSet whose pods' numbers are those of their addresses and VIPs.
struct GatewayManifests {
  let files: StateFiles
  let workload: Workload
  let role: Role

  enum Role {
    /// The tunnel is gluetun's.
    case gluetun
    /// The tunnel is vpngw's own WireGuard.
    case wireguard
    /// The only gateway, which its clients have as their next hop.
    case simple
  }

  private var replicas: Int { role == .simple ? 1 : files.description.gateways }

  var states: [(name: String, state: Tree)] {
    switch role {
    case .gluetun: [("gateway.json", files.gateway)]
    case .wireguard:
      files.description.wireguard.indices.map { ("gateway-\($0).json", files.wireguardGateway($0)) }
    case .simple: [("simple-gateway.json", files.simpleGateway)]
    }
  }

  private var stateName: String {
    role == .wireguard ? "gateway-$(INDEX).json" : states[0].name
  }

  /// Starts before gluetun, and says whether the tunnel carries packets.
  var daemon: Tree {
    let secret: Tree = [
      "name": "secret", "mountPath": "/etc/vpn-gateway/wg0.key", "subPathExpr": "$(INDEX).key",
      "readOnly": true,
    ]
    return workload.daemon(
      stateName, environment: role == .simple ? [] : [Workload.index],
      capabilities: ["NET_ADMIN", "NET_RAW"],
      probes: [
        Workload.probe("startupProbe", "/readyz", ("periodSeconds", 1), ("failureThreshold", 60)),
        Workload.probe("readinessProbe", "/healthz", ("periodSeconds", 5)),
        Workload.probe("livenessProbe", "/livez", ("periodSeconds", 10), ("failureThreshold", 6)),
      ], mounts: role == .wireguard ? [secret] : [], isSidecar: role != .wireguard)
  }

  var gluetun: Tree {
    let variables: [(String, String)] = [
      ("VPN_TYPE", "wireguard"), ("VPN_SERVICE_PROVIDER", "custom"),
      ("WIREGUARD_CONF_SECRETFILE", "/run/secrets/wg0.conf"),
      ("WIREGUARD_MTU", "\(files.description.mtu.provider)"),
      // vpngw is the firewall: gluetun's own drops what it forwards.
      ("FIREWALL_ENABLED_DISABLING_IT_SHOOTS_YOU_IN_YOUR_FOOT", "off"),
      ("HEALTH_SERVER_ADDRESS", ":9999"),
    ]
    let environment = variables.map { name, value -> Tree in
      ["name": .string(name), "value": .string(value)]
    }
    let secret: Tree =
      role == .simple
      ? [
        "name": "secret", "mountPath": "/run/secrets/wg0.conf", "subPath": "0.conf",
        "readOnly": true,
      ]
      : [
        "name": "secret", "mountPath": "/run/secrets/wg0.conf", "subPathExpr": "$(INDEX).conf",
        "readOnly": true,
      ]
    let check: Tree = ["command": ["/gluetun-entrypoint", "healthcheck"]]
    return [
      "name": "gluetun", "image": "qmcgaw/gluetun:v3.40.0",
      "env": .array((role == .simple ? [] : [Workload.index]) + environment),
      "readinessProbe": ["exec": check, "initialDelaySeconds": 15],
      "livenessProbe": ["exec": check, "initialDelaySeconds": 30],
      "securityContext": [
        "capabilities": ["add": ["NET_ADMIN", "MKNOD", "CHOWN", "DAC_OVERRIDE"]]
      ],
      "volumeMounts": [secret],
    ]
  }

  var annotations: Tree {
    Attachments.annotation((Attachments.gateways, link: StateFiles.podLink))
  }

  var volumes: [Tree] {
    workload.volumes + [
      ["name": "secret", "secret": ["secretName": .string(workload.name), "defaultMode": 0o400]]
    ]
  }

  var statefulSet: Tree {
    let containers: [(String, Tree)] =
      role == .wireguard
      ? [("containers", [daemon])] : [("initContainers", [daemon]), ("containers", [gluetun])]
    return [
      "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": workload.metadata,
      "spec": [
        "serviceName": .string(workload.name), "replicas": .integer(replicas),
        "revisionHistoryLimit": 3,
        "#": "A gateway whose provider is down must not keep the others from starting.",
        "podManagementPolicy": "Parallel",
        "selector": ["matchLabels": workload.selector],
        "template": workload.template(
          annotations,
          [
            ("affinity", workload.preferredAntiAffinity),
            ("dnsConfig", ["options": [["name": "ndots", "value": "1"]]]),
            ("terminationGracePeriodSeconds", 10),
          ] + containers + [("volumes", .array(volumes))]),
      ],
    ]
  }

  var base: [GeneratedFile] {
    var resources = ["service.yaml", "statefulset.yaml"]
    var objects = [
      GeneratedFile("service.yaml", [workload.headlessService]),
      GeneratedFile("statefulset.yaml", [statefulSet], comment: secretNote),
    ]
    if role != .simple {
      resources.append("poddisruptionbudget.yaml")
      objects.append(GeneratedFile("poddisruptionbudget.yaml", [workload.disruptionBudget()]))
    }
    return [workload.kustomization(resources, states.map(\.name))] + objects
      + states.map { GeneratedFile($0.name, $0.state) }
  }

  private var secretNote: String {
    let key = role == .wireguard ? "key" : "conf"
    // The routers' probes ask gluetun, or vpngw.
    let other =
      role == .wireguard && files.description.tunnel == .gluetun
      ? "\nThe routers of this directory ask gluetun: write \"tunnel\": \"wireguard\" first." : ""
    let what =
      role == .wireguard
      ? "the private key of each gateway"
      : "the provider's WireGuard configuration for each gateway"
    let names =
      replicas == 1 ? "0.\(key)" : "0.\(key) to \(replicas - 1).\(key)"
    return "The Secret \(workload.name) has \(what): \(names)." + other
  }
}
