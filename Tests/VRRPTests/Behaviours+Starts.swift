@testable import VRRP

extension Behaviour {
  static let starts = [
    Behaviour(
      "the owner is master at once, and advertises", "6.4.1; VPP master_adv",
      """
      0 start => master, because owner, sends 255, announces, until 1000
      1000 time => sends 255, until 2000
      """
    ) { $0.priority = 255 },
    Behaviour(
      "any other listens for a master-down time first", "6.4.1",
      """
      0 start => backup, because started, until 3609
      3000 time
      3610 time => master, because noMaster, sends 100, announces, until 4610
      """),
    Behaviour(
      "at priority 1 the skew is nearly an interval", "6.1",
      "0 start => backup, until 3996"
    ) { $0.priority = 1 },
    Behaviour(
      "at priority 254 there is hardly a skew", "6.1", "0 start => backup, until 3007"
    ) { $0.priority = 254 },
    Behaviour(
      "an interval of 10 ms makes a master-down time of 36 ms", "6.1",
      "0 start => backup, until 36"
    ) { $0.interval = Interval(centiseconds: 1)! },
    Behaviour(
      "an interval of 40.95 s makes one of 147.8 s", "6.1", "0 start => backup, until 147803"
    ) { $0.interval = Interval(centiseconds: 4095)! },
    Behaviour(
      "version 2: the skew is a part of a second, whatever the interval", "v2: 6.1",
      "0 start => backup, until 15609"
    ) {
      $0.version = .v2
      $0.interval = Interval(centiseconds: 500)!
    },
    Behaviour(
      "nothing is heeded before the start", "6.4.1",
      """
      0 hear 200 => initialize, never
      10 hear 0
      20 time
      """),
    Behaviour(
      "the start-up delay passes without a word, also for the owner", "ours; keepalived",
      """
      0 start => initialize, until 10000
      5000 time
      9000 hear 1
      10000 time => master, because owner, sends 255, announces
      """
    ) {
      $0.priority = 255
      $0.startupDelay = .seconds(10)
    },
    Behaviour(
      "after the start-up delay a backup listens for the whole master-down time", "ours",
      """
      0 start => initialize, until 10000
      10000 time => backup, until 13609
      """
    ) { $0.startupDelay = .seconds(10) },
    Behaviour(
      "a second start changes nothing", "ours",
      """
      0 start => backup, until 3609
      1000 start => until 3609
      """),
    Behaviour(
      "stopped as a backup: nothing is sent", "6.4.2",
      """
      0 start => backup
      100 stop => initialize, because stopped, never
      200 stop
      """),
    Behaviour(
      "stopped as master: priority 0 is sent", "6.4.3; VPP master_adv",
      """
      0 start => master, sends 255, announces
      100 stop => initialize, because stopped, sends 0, never
      """
    ) { $0.priority = 255 },
    Behaviour(
      "a router that yields says so, and stays until a peer has taken over", "ours",
      """
      0 start => master, sends 255, announces
      100 yield => master, sends 0, until 1350
      110 hear 0
      700 hear 100 => until 725
      710 hear 100 => until 725
      725 time => initialize, because yielded, never
      """
    ) { $0.priority = 255 },
    Behaviour(
      "a router that yields leaves after an interval and a quarter, if nobody takes over", "ours",
      """
      0 start => master, sends 255, announces
      100 yield => sends 0, until 1350
      200 yield
      1000 time
      1350 time => initialize, because yielded, never
      """
    ) { $0.priority = 255 },
    Behaviour(
      "a router that yields and is stopped leaves at once, without a second farewell", "ours",
      """
      0 start => master, sends 255, announces
      100 yield => sends 0
      200 stop => initialize, because stopped
      """
    ) { $0.priority = 255 },
    Behaviour(
      "a router that yields can be started again only when it has left", "ours",
      """
      0 start => master, sends 255, announces
      100 yield => sends 0
      1350 time => initialize
      1400 start => master, sends 255, announces
      """
    ) { $0.priority = 255 },
  ]
}
