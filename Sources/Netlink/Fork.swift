internal import CLinux
internal import Glibc

/// Splits the process in two: 0 in the child, its id in the parent, negative on failure.
///
/// With more than one thread it fails (`EDEADLK`): the child of such a process may wait for ever for
/// a lock that a thread held which it hasn't got.
public func fork() -> Int32 {
  var status = stat()
  // A directory for each thread, beside `.` and `..`.
  guard stat("/proc/self/task", &status) == 0, status.st_nlink == 3 else {
    errno = EDEADLK
    return -1
  }
  return vpngw_fork()
}
