internal import JSON
internal import NetworkDesign

/// A file that `vpngw net --out` writes.
public struct GeneratedFile: Sendable {
  /// Below the directory: `router/deployment.yaml`.
  public var path: String
  public var text: String

  /// Stands in the first lines of every file: what has it may be written anew.
  public static let origin = "Made by vpngw net"

  static let note = "\(origin): change the description, and run it again."
}

extension GeneratedFile {
  /// YAML documents, under a comment.
  init(_ path: String, _ documents: [Tree], comment: String = "") {
    let comments = ([Self.note] + comment.split(separator: "\n").map(String.init)).map {
      "# \($0)\n"
    }
    let body = documents.map(\.yaml).joined(separator: "---\n")
    self.init(path: path, text: comments.joined() + "---\n" + body)
  }

  /// A state file.
  init(_ path: String, _ state: Tree) {
    self.init(path: path, text: "// \(Self.note)\n" + state.text())
  }
}

/// What the manifests of a role share.
struct Workload {
  let name: String
  let namespace: String
  let image: String

  static let configuration = "/etc/vpn-gateway"
  static let port = 9118

  var labels: Tree {
    ["app.kubernetes.io/name": .string(name), "app.kubernetes.io/part-of": "vpn-gateway"]
  }
  var selector: Tree { ["app.kubernetes.io/name": .string(name)] }
  var metadata: Tree { ["name": .string(name), "labels": labels] }

  // MARK: - Containers

  /// Root without any capability but these: a container's other users have none at all.
  static func security(_ capabilities: [Tree]) -> Tree {
    [
      "runAsUser": 0, "runAsGroup": 0, "allowPrivilegeEscalation": false,
      "readOnlyRootFilesystem": true,
      "capabilities": ["drop": ["ALL"], "add": .array(capabilities)],
      "seccompProfile": ["type": "RuntimeDefault"],
    ]
  }

  static let resources: Tree = [
    "requests": ["cpu": "50m", "memory": "64Mi"], "limits": ["memory": "256Mi"],
  ]

  static func environment(_ name: String, _ field: String) -> Tree {
    ["name": .string(name), "valueFrom": ["fieldRef": ["fieldPath": .string(field)]]]
  }
  /// A StatefulSet's pod has its number in a label.
  static let index = environment("INDEX", "metadata.labels['apps.kubernetes.io/pod-index']")
  static let nodeName = environment("NODE_NAME", "spec.nodeName")

  static func http(_ path: String, host: String? = nil) -> Tree {
    .object(
      [("path", .string(path)), ("port", .integer(port))]
        + (host.map { [("host", .string($0))] } ?? []))
  }

  /// `vpngw run` of a file in the mounted ConfigMap. It serves on every link of a pod: the kubelet and Prometheus
  /// ask by the cluster's network, and the VPN network is told no more than a gateway's health.
  func daemon(
    _ file: String, environment: [Tree], capabilities: [Tree], probes: [(String, Tree)],
    mounts: [Tree] = [], isSidecar: Bool = false, ofNode: Bool = false
  ) -> Tree {
    .object(
      [
        ("name", "vpngw"), ("image", .string(image)),
        (
          "args",
          [
            "run", "--listen", .string("\(ofNode ? "127.0.0.1" : "0.0.0.0"):\(Self.port)"),
            .string("\(Self.configuration)/\(file)"),
          ]
        ),
      ]
        + (isSidecar ? [("restartPolicy", "Always")] : [])
        + (environment.isEmpty ? [] : [("env", .array(environment))])
        + (ofNode ? [] : [("ports", [["name": "metrics", "containerPort": .integer(Self.port)]])])
        + probes
        + [
          ("resources", Self.resources),
          ("securityContext", Self.security(capabilities)),
          ("volumeMounts", .array(Self.mounts(ofNode: ofNode) + mounts)),
        ])
  }

  /// In a pod vpngw makes its own directory below /run, which nobody else may write to.
  static func mounts(ofNode: Bool = false) -> [Tree] {
    [
      ["name": "config", "mountPath": .string(configuration), "readOnly": true],
      ["name": "run", "mountPath": ofNode ? "/run/vpngw" : "/run"],
    ]
  }

  /// The whole ConfigMap: kubelet renews neither a subPath nor a map of another name.
  var volumes: [Tree] {
    [
      ["name": "config", "configMap": ["name": .string(name)]],
      ["name": "run", "emptyDir": ["medium": "Memory", "sizeLimit": "16Mi"]],
    ]
  }

  static func probe(_ name: String, _ path: String, host: String? = nil, _ more: (String, Tree)...)
    -> (String, Tree)
  {
    (name, .object([("httpGet", http(path, host: host))] + more))
  }

  // MARK: - Objects

  func disruptionBudget() -> Tree {
    [
      "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata,
      "spec": ["maxUnavailable": 1, "selector": ["matchLabels": selector]],
    ]
  }

  /// Names the pods of a StatefulSet, and leads to their metrics.
  var headlessService: Tree {
    [
      "apiVersion": "v1", "kind": "Service", "metadata": metadata,
      "spec": [
        "clusterIP": "None", "selector": selector,
        "ports": [["name": "metrics", "port": .integer(Self.port), "targetPort": "metrics"]],
      ],
    ]
  }

  /// No two of the pods on one node.
  var antiAffinity: (String, Tree) {
    (
      "podAntiAffinity",
      [
        "requiredDuringSchedulingIgnoredDuringExecution": [
          ["labelSelector": ["matchLabels": selector], "topologyKey": "kubernetes.io/hostname"]
        ]
      ]
    )
  }

  /// The same, where there are nodes enough.
  var preferredAntiAffinity: Tree {
    [
      "podAntiAffinity": [
        "preferredDuringSchedulingIgnoredDuringExecution": [
          [
            "weight": 100,
            "podAffinityTerm": [
              "labelSelector": ["matchLabels": selector], "topologyKey": "kubernetes.io/hostname",
            ],
          ]
        ]
      ]
    ]
  }

  func template(_ annotations: Tree?, _ spec: [(String, Tree)]) -> Tree {
    [
      "metadata": .object(
        [("labels", labels)] + (annotations.map { [("annotations", $0)] } ?? [])),
      "spec": .object(
        [("automountServiceAccountToken", false), ("enableServiceLinks", false)] + spec),
    ]
  }

  /// A base whose state files become a ConfigMap, under a name that never changes: vpngw reads a changed
  /// file by itself, and the pods stay.
  func kustomization(_ resources: [String], _ files: [String]) -> GeneratedFile {
    var members = Self.kustomization(namespace, resources)
    if !files.isEmpty {
      members.append(
        (
          "configMapGenerator",
          [
            [
              "name": .string(name), "files": .array(files.map { .string($0) }),
              "options": [
                "disableNameSuffixHash": true,
                // Flux would take vpngw's own parameters for its variables.
                "annotations": ["kustomize.toolkit.fluxcd.io/substitute": "disabled"],
              ],
            ]
          ]
        ))
    }
    return GeneratedFile("kustomization.yaml", [.object(members)])
  }

  static func kustomization(_ namespace: String, _ resources: [String]) -> [(String, Tree)] {
    [
      ("apiVersion", "kustomize.config.k8s.io/v1beta1"), ("kind", "Kustomization"),
      ("namespace", .string(namespace)), ("resources", .array(resources.map { .string($0) })),
    ]
  }
}

extension [GeneratedFile] {
  func below(_ directory: String) -> [GeneratedFile] {
    map { GeneratedFile(path: "\(directory)/\($0.path)", text: $0.text) }
  }
}
