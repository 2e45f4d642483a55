internal import CLinux
internal import Glibc

/// What makes a thread punctual on a busy machine.
public enum RealTime {
  public static let priority: Int32 = 50

  /// For the calling thread; what was refused. Without it, the thread works, and may be late.
  static func begin() -> [SpeakerError] { [schedule(), lockMemory()].compactMap(\.self) }

  /// Puts the calling thread above whatever isn't real-time.
  @discardableResult
  public static func schedule() -> SpeakerError? {
    // SCHED_RR. A program that we start gets none of it.
    var parameters = sched_param()
    parameters.sched_priority = priority
    return sched_setscheduler(0, SCHED_RR | resetOnFork, &parameters) < 0
      ? SpeakerError("have a real-time schedule (CAP_SYS_NICE)", errno) : nil
  }

  /// Keeps the memory in use so far from being paged out.
  ///
  /// What comes later isn't locked (no MCL_FUTURE): beyond RLIMIT_MEMLOCK, every allocation of the process
  /// would fail. So this is called again after each change. MCL_ONFAULT: stacks that were never used
  /// don't become memory by it.
  @discardableResult
  static func lockMemory() -> SpeakerError? {
    mlockall(Int32(MCL_CURRENT) | onFault) < 0
      ? SpeakerError("lock memory (CAP_IPC_LOCK)", errno) : nil
  }

  private static let resetOnFork: Int32 = 0x4000_0000
  private static let onFault: Int32 = 4
}
