internal import NIOPosix

extension MultiThreadedEventLoopGroup {
  /// Leaves its threads to the end of the process, which is near.
  ///
  /// Shutting the group down takes Dispatch, which complains on standard error wherever it may not set the
  /// priority of its threads: without CAP_SYS_NICE, as `run` mostly is.
  func leaveToProcess() { _ = Unmanaged.passRetained(self) }
}
