internal import CLinux
internal import Glibc

/// Descriptors held for attempts, for when something else in the process has taken all others.
struct Spares {
  private var held: [Int32] = []
  private let wanted: Int

  /// Enough for sixteen gateways, each asked four questions at once; fewer where a process may have
  /// few (`RLIMIT_NOFILE`).
  init(of descriptor: Int32, atMost most: Int) {
    wanted = min(64, most)
    refill(from: descriptor)
  }

  /// Whether there is one more descriptor to open now.
  mutating func free() -> Bool {
    guard let last = held.popLast() else { return false }
    Glibc.close(last)
    return true
  }

  /// Copies of a descriptor that stays open, up to what is wanted and the process may have.
  mutating func refill(from descriptor: Int32) {
    while held.count < wanted {
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else { return }
      held.append(copy)
    }
  }

  mutating func close() { while free() {} }
}
