internal import Glibc

/// The one clock of probes and of the loop: `CLOCK_MONOTONIC`, which starts with the machine, and
/// stands while it is suspended.
///
/// The kernel's own timeouts stand then too: those of epoll(7) and poll(2), by which we wait, of
/// conntrack and IPVS, by which flows drain, and of addresses. And nobody was asked meanwhile: by
/// `CLOCK_BOOTTIME` every try under way at a suspend would be over at the resume, and every signal
/// not known yet be down before it was asked for.
public enum MonotonicClock {
  public static var now: Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Duration(
      secondsComponent: Int64(time.tv_sec),
      attosecondsComponent: Int64(time.tv_nsec) * 1_000_000_000)
  }
}

extension Duration {
  static var now: Duration { MonotonicClock.now }
}
