internal import Addressing
internal import JSON
internal import NetworkDesign

/// DNS pods: CoreDNS, which asks by the gateways.
struct DNSManifests {
  let files: StateFiles
  let workload: Workload

  static let image = "coredns/coredns:1.12.0"

  private var corefile: String {
    let networks = files.description.network.sorted().map { "\($0)" }.joined(separator: " ")
    return """
      # \(GeneratedFile.note)
      .:53 {
        errors
        health :8080 {
          lameduck 5s
        }
        ready :8181
        prometheus :9153
        loop
        reload
        loadbalance
        acl {
          allow net \(networks)
          drop
        }
        kubernetes cluster.local in-addr.arpa ip6.arpa {
          pods verified
          fallthrough in-addr.arpa ip6.arpa
        }
        cache 30
        forward . 1.1.1.1 9.9.9.9 {
          policy random
          health_check 1s
        }
      }

      """
  }

  /// Gives the pod its address and its routes before CoreDNS starts; CoreDNS itself may change nothing.
  private var setup: Tree {
    [
      "name": "vpngw", "image": .string(workload.image),
      "args": ["apply", .string("\(Workload.configuration)/dns-pod.json")],
      "env": [Workload.index], "resources": Workload.resources,
      "securityContext": Workload.security(["NET_ADMIN"]),
      "volumeMounts": .array(Workload.mounts()),
    ]
  }

  private var server: Tree {
    [
      "name": "coredns", "image": .string(Self.image),
      "args": ["-conf", .string("\(Workload.configuration)/Corefile")],
      "ports": [
        ["name": "dns-udp", "containerPort": 53, "protocol": "UDP"],
        ["name": "dns-tcp", "containerPort": 53],
        ["name": "metrics", "containerPort": 9153],
      ],
      "readinessProbe": ["httpGet": ["path": "/ready", "port": 8181], "periodSeconds": 5],
      "livenessProbe": [
        "httpGet": ["path": "/health", "port": 8080], "periodSeconds": 10, "failureThreshold": 6,
      ],
      "resources": Workload.resources,
      "securityContext": [
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
        "capabilities": ["drop": ["ALL"], "add": ["NET_BIND_SERVICE"]],
        "seccompProfile": ["type": "RuntimeDefault"],
      ],
      "volumeMounts": [
        ["name": "config", "mountPath": .string(Workload.configuration), "readOnly": true]
      ],
    ]
  }

  private var statefulSet: Tree {
    [
      "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": workload.metadata,
      "spec": [
        "serviceName": .string(workload.name), "replicas": .integer(files.description.dnsPods),
        "revisionHistoryLimit": 3, "podManagementPolicy": "Parallel",
        "selector": ["matchLabels": workload.selector],
        "template": [
          "metadata": [
            "labels": workload.labels,
            "annotations": Attachments.annotation((Attachments.dns, link: StateFiles.podLink)),
          ],
          "spec": .object(
            [
              ("serviceAccountName", .string(workload.name)), ("enableServiceLinks", false),
              ("affinity", workload.preferredAntiAffinity), ("dnsPolicy", "Default"),
            ] + (files.isStatic ? [("initContainers", [setup])] : [])
              + [("containers", [server]), ("volumes", .array(workload.volumes))]),
        ],
      ],
    ]
  }

  /// CoreDNS reads the cluster's names.
  private var access: [Tree] {
    let readers: [(String, [Tree])] = [
      ("", ["endpoints", "services", "pods", "namespaces"]),
      ("discovery.k8s.io", ["endpointslices"]),
    ]
    let rules = readers.map { group, resources -> Tree in
      [
        "apiGroups": [.string(group)], "resources": .array(resources), "verbs": ["list", "watch"],
      ]
    }
    return [
      ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": workload.metadata],
      [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": workload.metadata, "rules": .array(rules),
      ],
      [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": workload.metadata,
        "roleRef": [
          "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
          "name": .string(workload.name),
        ],
        "subjects": [
          [
            "kind": "ServiceAccount", "name": .string(workload.name),
            "namespace": .string(workload.namespace),
          ]
        ],
      ],
    ]
  }

  var base: [GeneratedFile] {
    [
      workload.kustomization(
        ["access.yaml", "poddisruptionbudget.yaml", "service.yaml", "statefulset.yaml"],
        (files.isStatic ? ["dns-pod.json"] : []) + ["Corefile"]),
      GeneratedFile("access.yaml", access),
      GeneratedFile("poddisruptionbudget.yaml", [workload.disruptionBudget()]),
      GeneratedFile("service.yaml", [service]),
      GeneratedFile("statefulset.yaml", [statefulSet]),
      GeneratedFile(path: "Corefile", text: corefile),
    ] + (files.isStatic ? [GeneratedFile("dns-pod.json", files.dnsPod)] : [])
  }

  private var service: Tree {
    [
      "apiVersion": "v1", "kind": "Service", "metadata": workload.metadata,
      "spec": [
        "clusterIP": "None", "selector": workload.selector,
        "ports": [["name": "metrics", "port": 9153, "targetPort": "metrics"]],
      ],
    ]
  }
}
