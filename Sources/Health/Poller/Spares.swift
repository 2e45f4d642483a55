internal import CLinux
internal import Glibc

/// Descriptors reserved for attempts, for when the rest of the process has used up all others.
struct Spares {
  private var held: [Int32] = []
  private let wanted: Int

  /// Enough for sixteen gateways, each asked four questions at once; fewer if the process may have
  /// few (`RLIMIT_NOFILE`).
  init(of descriptor: Int32, atMost most: Int) {
    wanted = min(64, most)
    refill(from: descriptor)
  }

  /// Frees a descriptor; false if none is left.
  mutating func free() -> Bool {
    guard let last = held.popLast() else { return false }
    Glibc.close(last)
    return true
  }

  /// Duplicates a descriptor that stays open, up to the wanted number or the process's limit.
  mutating func refill(from descriptor: Int32) {
    while held.count < wanted {
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else { return }
      held.append(copy)
    }
  }

  mutating func close() { while free() {} }
}
