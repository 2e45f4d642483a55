internal import CLinux
internal import Glibc

/// Forks the process: returns 0 in the child, its id in the parent, and a negative number on
/// failure.
///
/// Fails with more than one thread (`EDEADLK`): the child might wait for ever for a lock that a
/// thread held which it doesn't have.
public func fork() -> Int32 {
  var status = stat()
  // One directory for each thread, besides `.` and `..`.
  guard stat("/proc/self/task", &status) == 0, status.st_nlink == 3 else {
    errno = EDEADLK
    return -1
  }
  return vpngw_fork()
}
