internal import JSON
internal import NetworkDesign

/// Router pods: two of a Deployment, one of which is master.
struct RouterManifests {
  let files: StateFiles
  let workload: Workload
  let role: Role

  enum Role {
    case all, singleExit
  }

  private var isSingle: Bool { role == .singleExit }
  var stateName: String { isSingle ? "single-router.json" : "router.json" }
  var state: Tree { isSingle ? files.singleRouter : files.router }

  var annotations: Tree {
    isSingle
      ? Attachments.annotation(
        (Attachments.singleRouters, link: StateFiles.podLink),
        (Attachments.singleRouterNetwork, link: StateFiles.routerLink))
      : Attachments.annotation(
        (Attachments.routers, link: StateFiles.podLink),
        (Attachments.routerNetwork, link: StateFiles.routerLink))
  }

  var container: Tree {
    workload.daemon(
      stateName, environment: [Workload.nodeName],
      capabilities: ["NET_ADMIN", "NET_RAW"],
      probes: [
        // A backup is ready too: it has what its file says, given that another is master.
        Workload.probe("readinessProbe", "/readyz", ("periodSeconds", 5)),
        Workload.probe("livenessProbe", "/livez", ("periodSeconds", 10), ("failureThreshold", 6)),
      ])
  }

  var affinity: Tree {
    var terms = [workload.antiAffinity]
    if files.areRoutersStatic {
      terms.append(
        (
          "nodeAffinity",
          [
            "requiredDuringSchedulingIgnoredDuringExecution": [
              "nodeSelectorTerms": [
                [
                  "matchExpressions": [
                    [
                      "key": "kubernetes.io/hostname", "operator": "In",
                      "values": .array(files.description.routerNodes.map { .string($0) }),
                    ]
                  ]
                ]
              ]
            ]
          ]
        ))
    }
    return .object(terms)
  }

  var deployment: Tree {
    [
      "apiVersion": "apps/v1", "kind": "Deployment", "metadata": workload.metadata,
      "spec": [
        "replicas": .integer(files.description.routers), "revisionHistoryLimit": 3,
        "minReadySeconds": 10,
        "#":
          "One at a time, and the old one goes first: the nodes' addresses are taken until then.",
        "strategy": [
          "type": "RollingUpdate", "rollingUpdate": ["maxSurge": 0, "maxUnavailable": 1],
        ],
        "selector": ["matchLabels": workload.selector],
        "template": workload.template(
          annotations,
          [
            ("affinity", affinity), ("dnsPolicy", "Default"),
            ("terminationGracePeriodSeconds", 10), ("containers", [container]),
            ("volumes", .array(workload.volumes)),
          ]),
      ],
    ]
  }

  var base: [GeneratedFile] {
    [
      workload.kustomization(["deployment.yaml", "poddisruptionbudget.yaml"], [stateName]),
      GeneratedFile("deployment.yaml", [deployment]),
      GeneratedFile("poddisruptionbudget.yaml", [workload.disruptionBudget()]),
      GeneratedFile(stateName, state),
    ]
  }
}
