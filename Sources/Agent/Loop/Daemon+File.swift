import Events
import JSON
import Model
import Netlink
import State

extension Daemon {
  /// Of thousands of mistakes a few are enough.
  private static let shownProblems = 20

  /// Takes the file if it is valid; otherwise the one before stays in force.
  ///
  /// Reads again if the file's directory wasn't watched until now: the file may have been replaced
  /// between the reading and the watch. `isAsked`: somebody waits for the result, even if the file
  /// hasn't changed.
  func readFile(isAsked: Bool = false) {
    var isAsked = isAsked
    repeat {
      readFileOnce(isAsked: isAsked)
      isAsked = false
    } while watch.renew()
  }

  private func readFileOnce(isAsked: Bool) {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try File.read(path, isGuarded: !options.trustsWritableFile)
    } catch {
      fileBytes = nil
      return refuseFile(["\(error)"], isAsked: isAsked) {
        log.error("state-file", ["file": path, "error": error, "kept": kept])
      }
    }
    // Who asks may have changed what the file only names.
    let mayBeNews = isAsked && desiredState?.needsSurroundings == true
    guard bytes != fileBytes || mayBeNews else {
      guard isAsked else { return }
      let isValid = store.status.file == .good
      return log.write(
        isValid ? .info : .error, "state-file",
        ["file": path, "valid": isValid, "unchanged": true, "kept": isValid ? nil : kept])
    }
    fileBytes = bytes
    do throws(Problems) {
      var read = try hostNames.forgetOthers { () throws(Problems) in
        try StateFile.decode(
          bytes, names: .machine, parameters: options.parameters, surroundings: surroundings)
      }
      let lost = options.privileges.givenUp(of: read.capabilityNeeds)
      guard lost.isEmpty else {
        let reason =
          "it needs \(lost.text), given up since the file before didn't: restart vpngw, or start it "
          + "with --keep-capabilities"
        return refuseFile([reason], isAsked: isAsked) {
          log.error("state-file", ["file": path, "error": reason, "kept": kept])
        }
      }
      read.renewsLeases = leases?.canRenew(read) ?? false
      if desiredState != read { take(read) }
      store.update {
        $0.file = .good
        $0.hasFile = true
      }
      log.info("state-file", ["file": path, "valid": true])
    } catch {
      // What the file names may come later than the file.
      let isValid =
        (try? StateFile.decode(bytes, names: .machine, parameters: options.parameters)) != nil
      if isValid { fileBytes = nil }
      let shown = error.list.prefix(Self.shownProblems)
      let more = error.list.count - shown.count
      let rest = more > 0 ? ["and \(more) more: `vpngw validate \(path)` says them all"] : []
      refuseFile(shown.map { "\(path):\($0)" } + rest, isAsked: isAsked) {
        for problem in shown {
          log.error(
            "state-file",
            [
              "file": "\(path):\(problem.place.line):\(problem.place.column)",
              "pointer": problem.pointer, "error": problem.message,
              "kept": kept,
            ])
        }
        for text in rest {
          log.error("state-file", ["file": path, "error": text, "kept": kept])
        }
      }
    }
  }

  /// What stays in force when the file is refused.
  private var kept: String? { desiredState != nil ? "the last good one" : nil }

  private func refuseFile(_ problems: [String], isAsked: Bool, _ say: () -> Void) {
    // Logged once, not in each pass.
    let isNews = store.status.file != .bad(problems)
    if isNews {
      store.update { $0.file = .bad(problems) }
      store.count(.stateFileErrors)
    }
    if isNews || isAsked { say() }
  }

  /// Takes the addresses that host names of the file stand for now.
  func takeAddresses() {
    guard var read = desiredState else { return }
    // A key that is gone meanwhile is told of when the file is next read.
    guard (try? read.complete(by: surroundings)) != nil, read != desiredState else { return }
    log.info("host-names", ["file": path, "changed": true])
    take(read)
  }

  func take(_ read: DesiredState) {
    desiredState = read
    convergedDesired = nil
    seen = nil
    liveSignals.declare(
      inputs.signals(of: read), derived: Set(read.derived.keys), deadline: read.deadline, .now)
    if read.mentions(Neighbor.kind) || read.mentions(FDBEntry.kind) {
      do { try monitors[0].listenToNeighbors() } catch { log.error("netlink", ["error": error]) }
    }
    store.declare(read)
    for input in inputs { input.update(read) }
    onTake(read)
    judgeHealth(.now)
    cadence.wake(.now)
  }
}
