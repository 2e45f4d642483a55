/// How a pod gets settings that can't be written inside of it, where `/proc/sys` is read-only.
public struct SysctlAdvice: Hashable, Sendable {
  public struct Setting: Hashable, Sendable {
    public let name: String
    public let value: String
  }

  /// For `securityContext.sysctls`: they are there before the pod's containers.
  public private(set) var ofPod: [Setting] = []
  /// For the CNI plugin `tuning` of the link's network.
  public private(set) var ofLinks: [Setting] = []

  public init(_ sysctls: some Sequence<Sysctl>) {
    for sysctl in sysctls {
      let setting = Setting(name: "\(sysctl.key)", value: sysctl.text ?? "")
      if sysctl.key.link == nil { ofPod.append(setting) } else { ofLinks.append(setting) }
    }
  }

  public var count: Int { ofPod.count + ofLinks.count }
  public var isEmpty: Bool { count == 0 }

  private var ways: [(what: String, text: String)] {
    var ways: [(what: String, text: String)] = []
    if !ofPod.isEmpty {
      let list = ofPod.map { #"{"name": \#($0.name.quoted), "value": \#($0.value.quoted)}"# }
      ways.append(
        (
          "of the pod, if kubelet allows them (--allowed-unsafe-sysctls)",
          #""securityContext": {"sysctls": [\#(list.joined(separator: ", "))]}"#
        ))
    }
    if !ofLinks.isEmpty {
      let list = ofLinks.map { "\($0.name.quoted): \($0.value.quoted)" }
      ways.append(
        (
          "a CNI plugin of the link's network",
          #"{"type": "tuning", "sysctl": {\#(list.joined(separator: ", "))}}"#
        ))
    }
    return ways
  }

  private static let unmasked =
    #"or of the container "securityContext": {"procMount": "Unmasked"}, which makes /proc/sys writable"#

  /// A line for each way.
  public var lines: [String] { ways.map { "\($0.what): \($0.text)" } + [Self.unmasked] }

  /// The same as a sentence.
  public var sentence: String {
    "/proc/sys is read-only here, as it is in most containers: let something else make "
      + (count == 1 ? "the setting" : "the \(count) settings") + ", "
      + (ways.map { "\($0.what) \($0.text)" } + [Self.unmasked]).joined(separator: "; ")
  }
}

extension String {
  /// As a JSON string, of text without control characters.
  fileprivate var quoted: String {
    "\"" + replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
