internal import CLinux
internal import Glibc
import Model

/// What this machine is, for the section `nodes`: its name, and its labels as files state them.
struct NodeIdentity {
  let hostName = Self.currentHostName
  /// The last good contents of each file that was read.
  private var labels: [String: [String: String]] = [:]
  private(set) var errors: [String: String] = [:]

  /// A pod's own name is no node's: Kubernetes tells it as `NODE_NAME` (`spec.nodeName`).
  private static var currentHostName: String {
    if let name = getenv("NODE_NAME").map({ String(cString: $0) }), !name.isEmpty { return name }
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Reads these files; the labels of one that can't be read stay as they were.
  mutating func read(_ paths: Set<String>) {
    labels = labels.filter { paths.contains($0.key) }
    errors = [:]
    for path in paths {
      let bytes: [UInt8]
      do throws(FileError) {
        bytes = try File.read(path, limit: 1 << 20)
      } catch {
        errors[path] = "\(error)"
        continue
      }
      do throws(NodeLabels.Malformed) {
        labels[path] = try NodeLabels(bytes).values
      } catch {
        errors[path] = "\(path): \(error)"
      }
    }
  }

  /// Whether a selection includes this machine; unknown if its labels couldn't be read yet.
  func state(of selection: NodeSelection) -> Signal.State {
    guard selection.includes(hostName: hostName) else { return .down }
    guard selection.needsLabels else { return .up }
    guard let labels = labels[selection.file] else { return .unknown }
    return selection.objection(to: labels) == nil ? .up : .down
  }

  /// Why it isn't up, or what its state is doubtful for.
  func reason(for selection: NodeSelection) -> String? {
    guard selection.includes(hostName: hostName) else { return "this is node \(hostName)" }
    guard selection.needsLabels else { return nil }
    if let error = errors[selection.file] { return error }
    return labels[selection.file].flatMap(selection.objection)
  }

  /// The states of all of a file's selections.
  func states(of desired: DesiredState) -> [Signal: Signal.State] {
    var identity = self
    let selections = desired.inputs[NodeSelection.self]
    identity.read(Set(selections.filter(\.needsLabels).map(\.file)))
    return Dictionary(
      selections.map { ($0.signal, identity.state(of: $0)) }, uniquingKeysWith: { $1 })
  }
}
