internal import CLinux
internal import Glibc
import JSON
import Model
import Speaker
import State

/// The capabilities that the process keeps while it runs, and those that it gave up for good.
///
/// Capabilities belong to threads: all of this must happen before the first thread is started.
struct Privileges: Sendable {
  private(set) var kept: Set<Capability>
  /// Given up, since the state file didn't need them.
  private(set) var givenUp: Set<Capability> = []

  /// Makes use of all that the process was given. A file's capabilities may be permitted without being
  /// effective: a program that is started with fewer then still runs, and tells what it lacks.
  static func raise() {
    guard var own = capabilities, own.effective != own.permitted else { return }
    own.effective = own.permitted
    vpngw_set_capabilities(own)
  }

  /// With what the process has now.
  init() { kept = Self.held }

  /// Gives up all capabilities but those that `needs` name, and those without which a file can't be
  /// read.
  init(keeping needs: [CapabilityNeed], reading files: [String]) {
    let before = Self.held
    var wanted = Set(needs.map(\.capability))
    // With these limits, threads that are started later need no capability.
    if vpngw_allow_priority(UInt(RealTime.priority)) != 0 { wanted.remove(.realTime) }
    if vpngw_allow_locked_memory() != 0 { wanted.remove(.lockMemory) }
    guard let own = Self.capabilities else {
      kept = []
      return
    }
    func bits(_ set: Set<Capability>) -> UInt64 {
      set.reduce(0) { $0 | 1 << UInt64($1.rawValue) } & own.permitted
    }
    wanted.remove(.readAnyFile)
    vpngw_set_capabilities(
      vpngw_capabilities(effective: bits(wanted), permitted: own.permitted))
    if files.contains(where: Self.isDenied) { wanted.insert(.readAnyFile) }
    vpngw_set_capabilities(
      vpngw_capabilities(effective: bits(wanted), permitted: bits(wanted)))
    kept = Self.held
    givenUp = before.subtracting(kept)
  }

  /// What a file needs that can't be had back.
  func givenUp(of needs: [CapabilityNeed]) -> [CapabilityNeed] {
    needs.filter { !$0.isOptional && givenUp.contains($0.capability) }
  }

  /// The needs whose capability the process was never given, or has given up.
  func lacking(of needs: [CapabilityNeed]) -> [CapabilityNeed] {
    needs.filter { !$0.isOptional && !kept.contains($0.capability) }
  }

  /// CAP_SYS_PTRACE, without which the namespaces of other processes look as if there were none.
  static var mayLookIntoProcesses: Bool {
    capabilities.map { $0.effective & 1 << 19 != 0 } ?? false
  }

  private static var held: Set<Capability> {
    guard let own = capabilities else { return [] }
    return Set(Capability.allCases.filter { own.effective & 1 << UInt64($0.rawValue) != 0 })
  }

  private static var capabilities: vpngw_capabilities? {
    var own = vpngw_capabilities()
    return vpngw_get_capabilities(&own) == 0 ? own : nil
  }

  private static func isDenied(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    if descriptor >= 0 { close(descriptor) }
    return descriptor < 0 && errno == EACCES
  }
}

extension [CapabilityNeed] {
  /// `CAP_NET_RAW for vrrp.router, probe.gw0 and 7 more`.
  var text: String {
    Capability.allCases.compactMap { capability in
      let subjects = filter { $0.capability == capability }.map(\.subject)
      if subjects.isEmpty { return nil }
      let more = subjects.count > 3 ? " and \(subjects.count - 3) more" : ""
      return "\(capability.name) for \(subjects.prefix(3).joined(separator: ", "))\(more)"
    }.joined(separator: "; ")
  }
}

extension Set<Capability> {
  var text: String {
    isEmpty ? "none" : Capability.allCases.filter(contains).map(\.name).joined(separator: " ")
  }
}

extension Session {
  /// Leaves `run` no more than its file needs; what most files may need as long as there is no valid one.
  func givePrivilegesUp(_ path: String, _ run: RunOptions, _ log: Log) -> Privileges {
    let survey = FileSurvey()
    let desired = (try? File.read(path)).flatMap { bytes in
      try? StateFile.decode(
        bytes, names: .machine, parameters: parameters, surroundings: survey)
    }
    let ofMost = Capability.allCases.filter { $0 != .administerSystem }
    var needs = desired?.capabilityNeeds ?? ofMost.map { CapabilityNeed($0, for: path) }
    if (1..<1024).contains(run.port) { needs.append(CapabilityNeed(.bindLowPort, for: "--listen")) }
    let files =
      [path] + survey.paths + (desired?.probes.flatMap(\.files) ?? [])
      + (desired?.outputs.flatMap(\.files) ?? [])
    vpngw_forgo_new_privileges()
    let privileges =
      run.keepsCapabilities ? Privileges() : Privileges(keeping: needs, reading: files)
    log.info("privileges", ["capabilities": privileges.kept.text])
    let lacking = desired == nil ? [] : privileges.lacking(of: needs)
    if !lacking.isEmpty {
      log.warning("privileges", ["lacks": lacking.text, "reason": "vpngw was started without"])
    }
    return privileges
  }
}

/// Reads the files that a state file names, and notes which they are.
private final class FileSurvey: Surroundings {
  private(set) var paths: [String] = []

  func secret(at path: String) throws(Incompleteness) -> [UInt8] {
    paths.append(path)
    do throws(FileError) {
      return try File.read(path, limit: 1 << 10)
    } catch {
      throw Incompleteness("\(error)")
    }
  }

  /// Names are resolved later: that may take its time.
  func addresses(of host: String) -> [IPAddress] { [] }
}
