import Events
internal import Glibc
import Model
import Netlink
import Plan

/// A change that is undone unless somebody confirms in time that it works.
///
/// A process of its own, the guard, undoes it. The guard exists before the change begins, and
/// survives a lost terminal and a killed `apply`.
final class Confirmation {
  private let directory: RunDirectory
  private let limit: Duration
  private let guardProcess: pid_t
  private let started = Instant.now

  /// How a change that waits for confirmation ends.
  enum Ending: String {
    case kept, undone
    /// What went wrong follows.
    case failed
  }

  /// What the guard is told through the FIFO.
  enum Word: UInt8 {
    case keep = 1
    case undo = 2
  }

  init(
    of undo: Undo, within limit: Duration, in directory: RunDirectory, _ lock: RunDirectory.Lock
  ) throws {
    self.directory = directory
    self.limit = limit
    File.remove(directory.confirmation)
    File.remove(directory.ending)
    guard mkfifo(directory.confirmation, 0o600) == 0 else {
      throw FileError(path: directory.confirmation, verb: "make", code: errno)
    }
    // Opened for writing too: a mere reader would see the end of file after each writer.
    let fifo = open(directory.confirmation, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    guard fifo >= 0 else {
      throw FileError(path: directory.confirmation, verb: "open", code: errno)
    }
    try File.replace(directory.pending, with: Array("\(limit.text)\n".utf8))
    // Whoever uses another run directory doesn't see these files.
    guard let hold = try NamespaceLock.confirmation.take() else {
      close(fifo)
      directory.clearPending()
      throw CommandError(
        "an earlier change waits for its confirmation "
          + "(\(NamespaceLock.confirmation.otherHolder ?? "another process")): nothing was done")
    }
    guardProcess = Netlink.fork()
    if guardProcess == 0 {
      lock.release()
      Guard(undo: undo, limit: limit, directory: directory, fifo: fifo, hold: hold).run()
    }
    close(fifo)
    if guardProcess < 0 {
      let code = errno
      directory.clearPending()
      throw CommandError(
        "cannot start the guard process, so nothing was done: \(String(cString: strerror(code)))")
    }
  }

  /// Waits for Enter, for `command` elsewhere, or for the time to be over; true if the change
  /// stays.
  func ask(_ command: String, _ summary: String, _ interruption: Interruption) throws -> Bool {
    // On standard error: programs read standard output (--json).
    Console.complain(
      "\nPress Enter within \(limit.text) to keep this, or run `\(command)`; "
        + "else it will be undone.\n")
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    while File.exists(directory.pending) {
      if interruption.isPending {
        let left = max(started + limit - Instant.now, Duration.zero).components.seconds
        Console.complain(
          "\nInterrupted. What was done (\(summary)) will be undone within \(left + 1)s, unless "
            + "you run `\(command)`.\n")
        interruption.end()
      }
      if poll(&input, 1, 100) > 0 {
        var byte: UInt8 = 0
        let count = read(STDIN_FILENO, &byte, 1)
        if count == 1, byte == UInt8(ascii: "\n") { try Self.tell(.keep, in: directory) }
        // There is no terminal, or it is gone: only `vpngw confirm` is left.
        if count <= 0 { input.fd = -1 }
      }
      try checkGuard()
    }
    switch ending() {
    case (.kept?, _):
      Console.print("Confirmed: the change stays.\n")
      return true
    case (.undone?, _):
      Console.complain("Not confirmed within \(limit.text): undone.\n")
    case (_, let why):
      Console.complain("Not confirmed within \(limit.text), and not wholly undone:\n\(why)")
    }
    return false
  }

  /// Has the change undone now, and reports how that ended; false if there is no guard any more.
  func undoNow() throws -> Bool {
    guard directory.hasGuard else { return false }
    try Self.tell(.undo, in: directory)
    switch ending() {
    case (.undone?, _): Console.complain("Undone at once: it is as it was before.\n")
    case (.kept?, _): Console.complain("Somebody has confirmed the change: it stays.\n")
    case (_, let why): Console.complain("Not wholly undone:\n\(why)")
    }
    return true
  }

  private func checkGuard() throws {
    var status: Int32 = 0
    if waitpid(guardProcess, &status, WNOHANG) == guardProcess, File.exists(directory.pending) {
      directory.clearPending()
      throw CommandError("the guard process was killed: the change stays, unconfirmed")
    }
  }

  /// How it ended, and the guard's text about it.
  private func ending() -> (Ending?, String) {
    let ending =
      (try? File.read(directory.ending)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return (Ending(rawValue: String(ending.prefix { $0 != "\n" })), ending)
  }

  /// Tells the guard what to do with the change, and waits until it is done.
  static func tell(_ word: Word, in directory: RunDirectory) throws {
    let fifo = open(directory.confirmation, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
    guard fifo >= 0 else {
      directory.clearPending()
      throw CommandError("nothing waits for a confirmation")
    }
    defer { close(fifo) }
    var byte = word.rawValue
    write(fifo, &byte, 1)
    // Undoing may take as long as the change.
    for _ in 0..<(word == .keep ? 500 : 6000) where File.exists(directory.pending) {
      usleep(10_000)
    }
    guard !File.exists(directory.pending) else {
      throw CommandError("the guard process doesn't answer: the change may yet be undone")
    }
  }
}

extension Session {
  /// `vpngw confirm`: the change that `apply --confirm` made stays.
  public func confirm() throws -> Int32 {
    let directory = try reconciler().runDirectory
    try Confirmation.tell(.keep, in: directory)
    let ending = (try? File.read(directory.ending)).map { String(decoding: $0, as: UTF8.self) }
    guard ending?.hasPrefix(Confirmation.Ending.kept.rawValue) == true else {
      throw CommandError("too late: the change has been undone")
    }
    Console.print("Confirmed: the change stays.\n")
    return Status.done
  }
}

extension RunDirectory {
  /// Whether a guard waits; removes what a killed guard left behind. For whoever holds the lock.
  var hasGuard: Bool {
    if mayHaveGuard { return true }
    clearPending()
    return false
  }

  /// Whether a guard waits, for whoever doesn't hold the lock: an `apply` may be starting one.
  var mayHaveGuard: Bool {
    // A FIFO without a reader can't be opened for writing without blocking.
    let fifo = open(confirmation, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
    guard fifo >= 0 else { return false }
    close(fifo)
    return true
  }

  func clearPending() {
    File.remove(confirmation)
    File.remove(pending)
  }
}
