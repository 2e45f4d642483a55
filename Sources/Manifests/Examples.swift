internal import JSON
internal import NetworkDesign

/// Pods that use the network: a client, requests by many exits, and a service behind a forwarded port.
struct Examples {
  let design: NetworkDesign

  private func annotations(_ name: String) -> Tree {
    Attachments.annotation(
      (name, link: StateFiles.podLink), namespace: design.description.namespace)
  }

  /// A client needs no right at all.
  private static let security: Tree = [
    "capabilities": ["drop": ["ALL"]], "allowPrivilegeEscalation": false, "runAsNonRoot": true,
    "runAsUser": 1000, "seccompProfile": ["type": "RuntimeDefault"],
  ]

  private func container(_ name: String, _ image: String, _ more: [(String, Tree)]) -> Tree {
    .object(
      [("name", .string(name)), ("image", .string(image))] + more
        + [("securityContext", Self.security)])
  }

  private var clientPod: Tree {
    let script = """
      ip addr show \(StateFiles.podLink)
      while true; do
        curl -s https://ifconfig.me
        echo
        sleep 60
      done

      """
    return [
      "apiVersion": "v1", "kind": "Pod",
      "metadata": [
        "name": "get-public-ip", "annotations": annotations(Attachments.clients),
      ],
      "spec": [
        "containers": [
          container(
            "get-public-ip", "nicolaka/netshoot",
            [("command", ["sh", "-c", .string(script)])])
        ]
      ],
    ]
  }

  private var requests: Tree {
    let script = """
      for _ in $(seq 40); do
        curl -fsSL -m 10 ifconfig.me || echo -n failed
        echo
      done | sort | uniq -c

      """
    return [
      "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "make-requests"],
      "spec": [
        "ttlSecondsAfterFinished": 120,
        "template": [
          "metadata": ["annotations": annotations(Attachments.clients)],
          "spec": [
            "restartPolicy": "Never",
            "containers": [
              container(
                "requests", "nicolaka/netshoot", [("command", ["bash", "-c", .string(script)])])
            ],
          ],
        ],
      ],
    ]
  }

  private func service(_ port: UInt16) -> Tree {
    let name: Tree = "vpn-ingress-traffic"
    return [
      "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": name],
      "spec": [
        "selector": ["matchLabels": ["app": name]],
        "template": [
          "metadata": ["labels": ["app": name], "annotations": annotations(Attachments.port(1))],
          "spec": [
            "containers": [
              container(
                "vpn-ingress-traffic", "mendhak/http-https-echo:37",
                [("env", [["name": "HTTP_PORT", "value": .string("\(port)")]])])
            ]
          ],
        ],
      ],
    ]
  }

  var files: [GeneratedFile] {
    [
      GeneratedFile("client-pod.yaml", [clientPod], comment: "Prints its public address."),
      GeneratedFile(
        "requests.yaml", [requests],
        comment: "40 requests: how many of them left by which exit."),
      GeneratedFile("client-pod.json", StateFiles(design).clientPod),
    ]
      + (design.description.ports.first.map {
        [
          GeneratedFile(
            "ingress.yaml", [service($0)],
            comment:
              "An echo service, reached from outside by each exit's address and the first port."
          )
        ]
      } ?? [])
  }
}
