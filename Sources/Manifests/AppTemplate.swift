internal import JSON
internal import NetworkDesign

/// Values for bjw-s' Helm chart app-template, version 4: the same containers, in its words.
struct AppTemplate {
  let workload: Workload

  /// `controller`: what belongs to the type, such as `type`, `replicas` and its strategy.
  func values(
    _ fileName: String, controller: [(String, Tree)], pod: [(String, Tree)],
    initContainers: [Tree] = [], containers: [Tree], states: [(name: String, state: Tree)],
    secret: Bool = false
  ) -> GeneratedFile {
    var members = controller + [("pod", .object(pod))]
    if !initContainers.isEmpty { members.append(("initContainers", named(initContainers))) }
    members.append(("containers", named(containers)))
    let data = states.map { ($0.name, Tree.string($0.state.text())) }
    let values: Tree = [
      "controllers": .object([(workload.name, .object(members))]),
      "configMaps": [
        "config": [
          // vpngw reads a changed file by itself: the pods stay.
          "includeInChecksum": false,
          "annotations": ["kustomize.toolkit.fluxcd.io/substitute": "disabled"],
          "data": .object(data),
        ]
      ],
      "persistence": .object(
        [
          (
            "config",
            persistence(
              ["type": "configMap", "identifier": "config"], "config", initContainers + containers)
          ),
          (
            "run",
            persistence(
              ["type": "emptyDir", "medium": "Memory"], "run", initContainers + containers)
          ),
        ]
          + (secret
            ? [
              (
                "secret",
                persistence(
                  ["type": "secret", "name": .string(workload.name)], "secret",
                  initContainers + containers)
              )
            ] : [])),
    ]
    return GeneratedFile(
      fileName, [values], comment: "Values for app-template 4, in place of the kustomize base.")
  }

  private func named(_ containers: [Tree]) -> Tree {
    .object(containers.map { ($0["name"]!.text!, translated($0)) })
  }

  private func translated(_ container: Tree) -> Tree {
    guard case .object(let members) = container else { return container }
    var probes: [(String, Tree)] = []
    var translated: [(String, Tree)] = []
    for (name, value) in members {
      switch name {
      case "name", "ports", "volumeMounts": continue
      case "image":
        let colon = value.text!.lastIndex(of: ":")!
        translated.append(
          (
            "image",
            [
              "repository": .string(String(value.text![..<colon])),
              "tag": .string(String(value.text![value.text!.index(after: colon)...])),
            ]
          ))
      case "startupProbe", "readinessProbe", "livenessProbe":
        let kind = String(name.dropLast("Probe".count))
        probes.append((kind, ["enabled": true, "custom": true, "spec": value]))
      default: translated.append((name, value))
      }
    }
    // The chart's own probes ask a service's port.
    for kind in ["startup", "readiness", "liveness"] where !probes.contains(where: { $0.0 == kind })
    {
      probes.append((kind, ["enabled": false]))
    }
    return .object(translated + [("probes", .object(probes))])
  }

  /// Where containers mount a volume.
  private func persistence(_ volume: Tree, _ name: String, _ containers: [Tree]) -> Tree {
    guard case .object(let members) = volume else { return volume }
    let mounts = containers.compactMap { container -> (String, Tree)? in
      guard case .array(let all)? = container["volumeMounts"] else { return nil }
      let own = all.filter { $0["name"]?.text == name }.map { mount -> Tree in
        guard case .object(let members) = mount else { return mount }
        return .object(
          members.compactMap { key, value in
            key == "name" ? nil : (key == "mountPath" ? "path" : key, value)
          })
      }
      return own.isEmpty ? nil : (container["name"]!.text!, .array(own))
    }
    return .object(members + [("advancedMounts", .object([(workload.name, .object(mounts))]))])
  }
}

extension Tree {
  subscript(key: String) -> Tree? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.0 == key }?.1
  }

  var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }
}
