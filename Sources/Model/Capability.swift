/// A capability of Linux (capabilities(7)) that vpngw has a use for; the raw value is the kernel's number.
public enum Capability: UInt8, Hashable, Sendable, CaseIterable {
  case readAnyFile = 2
  case bindLowPort = 10
  case changeNetwork = 12
  case rawSockets = 13
  case lockMemory = 14
  case administerSystem = 21
  case realTime = 23

  /// `CAP_NET_ADMIN`.
  public var name: String {
    switch self {
    case .readAnyFile: "CAP_DAC_READ_SEARCH"
    case .bindLowPort: "CAP_NET_BIND_SERVICE"
    case .changeNetwork: "CAP_NET_ADMIN"
    case .rawSockets: "CAP_NET_RAW"
    case .lockMemory: "CAP_IPC_LOCK"
    case .administerSystem: "CAP_SYS_ADMIN"
    case .realTime: "CAP_SYS_NICE"
    }
  }
}

/// A capability, and what it is needed for.
public struct CapabilityNeed: Hashable, Sendable {
  public var capability: Capability
  /// `vrrp.router`.
  public var subject: String
  /// Whether the subject also works without it, though less well.
  public var isOptional: Bool

  public init(_ capability: Capability, for subject: String, isOptional: Bool = false) {
    self.capability = capability
    self.subject = subject
    self.isOptional = isOptional
  }
}

extension DesiredState {
  /// The capabilities that `run` needs for it, in the order of the file.
  public var capabilityNeeds: [CapabilityNeed] {
    [CapabilityNeed(.changeNetwork, for: "the network")]
      + statedSysctls.filter(\.key.isOfWholeSystem).map {
        CapabilityNeed(.administerSystem, for: "sysctl \($0.key)")
      }
      + probes.filter { $0.question.isRaw }.map {
        CapabilityNeed(.rawSockets, for: "\($0.signal)")
      } + inputs.flatMap(\.capabilityNeeds)
  }

  /// The settings that it states, whatever the signals say, by name.
  public var statedSysctls: [Sysctl] {
    let all =
      unconditional.sysctls + blueprints.flatMap(\.claims.sysctls)
      + conditional.compactMap { $0.object.as(Sysctl.self) }
    var seen: Set<Sysctl.Key> = []
    return all.filter { $0.text != nil && seen.insert($0.key).inserted }.sorted { $0.key < $1.key }
  }
}

extension Sysctl.Key {
  /// Whether it is about more than networks (`net/core/sysctl_net_core.c`: `bpf_restricted`).
  fileprivate var isOfWholeSystem: Bool {
    parts.starts(with: ["net", "core"]) && parts.last!.hasPrefix("bpf_jit_")
  }
}

extension Probe {
  /// The files of secrets and certificates that it reads.
  public var files: [String] {
    let (credentials, authorities): (Credentials?, String?) =
      switch question {
      case .http(let http): (http.credentials, http.tls?.authorities)
      case .gluetun(let gluetun): (gluetun.credentials, nil)
      default: (nil, nil)
      }
    return ([credentials?.path, authorities] + addressSources.map(\.authorities)).compactMap(\.self)
  }
}

extension Probe.Credentials {
  /// The file that holds them.
  public var path: String {
    switch self {
    case .basic(let path), .apiKey(let path): path
    }
  }
}

extension Probe.Question {
  /// Whether it is asked without TCP or UDP.
  fileprivate var isRaw: Bool { if case .icmp = self { true } else { false } }
}
