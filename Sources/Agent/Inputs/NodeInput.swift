import Events
import JSON
import Model
import Synchronization

/// Tells which of the file's nodes this machine is. A thread watches the files with its labels.
final class NodeInput: Input {
  private struct Content {
    var identity = NodeIdentity()
    var selections: [NodeSelection] = []
    var isStopped = false

    var files: Set<String> { Set(selections.filter(\.needsLabels).map(\.file)) }
    var states: [Signal: Signal.State] {
      Dictionary(
        selections.map { ($0.signal, identity.state(of: $0)) }, uniquingKeysWith: { $1 })
    }
  }

  private let content = Mutex(Content())
  private let thread = Mutex<Thread?>(nil)
  private let loop: EventLoop
  private let inbox: Inbox

  init(telling inbox: Inbox) throws {
    self.inbox = inbox
    loop = try EventLoop()
  }

  func update(_ desired: DesiredState) {
    let selections = desired.inputs[NodeSelection.self]
    let needsThread = content.withLock { content in
      content.selections = selections
      content.identity.read(content.files)
      return !content.files.isEmpty
    }
    thread.withLock { thread in
      // Without a thread the labels are read again with the file.
      if thread == nil, needsThread { thread = try? Thread("nodes") { [self] in run() } }
    }
    loop.wake()
    post()
  }

  /// Known before the first pass decides anything.
  func states(in observed: NetworkState, for desired: DesiredState) -> [Signal: Signal.State] {
    content.withLock { $0.states }
  }

  func stop() {
    content.withLock { $0.isStopped = true }
    loop.wake()
    thread.withLock { $0?.join() }
  }

  private func post() {
    for (signal, state) in content.withLock({ $0.states }) { inbox.post(signal, state) }
  }

  // MARK: - The thread

  private func run() {
    var events = EventLoop.Events(atMost: 8)
    var watches: [String: FileWatch] = [:]
    while true {
      let (files, isStopped) = content.withLock { ($0.files, $0.isStopped) }
      if isStopped { return }
      for path in Set(watches.keys).subtracting(files) {
        loop.remove(watches[path]!.descriptor)
        watches[path] = nil
      }
      for path in files where watches[path] == nil {
        guard let watch = try? FileWatch(path),
          (try? loop.add(watch.descriptor, for: .toRead, as: 0)) != nil
        else { continue }
        watches[path] = watch
      }
      // Again, if a directory was not watched until now: a file may have been replaced there.
      repeat {
        content.withLock { $0.identity.read($0.files) }
        post()
      } while watches.values.map({ $0.renew() }).contains(true)
      loop.wait(for: &events, until: nil)
      loop.clearWake()
      for watch in watches.values { _ = watch.drain() }
    }
  }

  // MARK: - Telling

  func reason(for signal: Signal) -> String? {
    content.withLock { content in
      content.selections.first { $0.signal == signal }.flatMap { content.identity.reason(for: $0) }
    }
  }

  func status(given states: [Signal: Signal.State]) -> InputStatus {
    var status = InputStatus()
    content.withLock { content in
      for selection in content.selections {
        let reason = content.identity.reason(for: selection)
        status.words[selection.signal] = [
          ("node", .string(content.identity.hostName)),
          reason.map { ("reason", .string($0)) } ?? ("reading", "this node is one of them"),
        ]
        // Its labels stay as they were read last.
        if let reason, states[selection.signal] == .up {
          status.notes.append(Trouble(object: "\(selection.signal)", reason: reason))
        }
      }
    }
    return status
  }
}
