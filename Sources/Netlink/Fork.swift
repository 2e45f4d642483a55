internal import CLinux

/// Splits the process in two: 0 in the child, its id in the parent, negative on failure. Only while
/// the process has a single thread.
public func fork() -> Int32 { vpngw_fork() }
