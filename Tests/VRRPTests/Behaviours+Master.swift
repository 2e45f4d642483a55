@testable import VRRP

extension Behaviour {
  /// Becomes master at 3610.
  private static let risen = """
    0 start => backup
    3610 time => master, sends 100, announces

    """

  static let masters = [
    Behaviour(
      "a master advertises at each interval, and lateness doesn't add up", "6.4.3",
      risen + """
        4610 time => sends 100, until 5610
        5700 time => sends 100, until 6610
        6610 time => sends 100, until 7610
        """),
    Behaviour(
      "what a master missed isn't made up for", "ours",
      risen + """
        9999 time => sends 100, until 10999
        """),
    Behaviour(
      "a higher priority makes a master backup", "6.4.3; VPP master_preempted; holo packet3",
      risen + """
        4000 hear 101 => backup, because betterMaster, until 7609
        """),
    Behaviour(
      "it does so without preemption, too", "6.4.3",
      risen + """
        4000 hear 101 => backup, because betterMaster
        """
    ) { $0.preempt = false },
    Behaviour(
      "a higher priority's interval is learnt with it", "6.4.3",
      risen + """
        4000 hear 101 every 100 => backup, until 4360
        """),
    Behaviour(
      "a lower priority is answered, and the switch learns anew", "6.4.3 (assert)",
      risen + """
        4000 hear 99 => master, sends 100, announces, until 4610
        4610 time => sends 100
        """),
    Behaviour(
      "but once an interval only: no storm", "ours",
      risen + """
        4000 hear 99 => sends 100, announces
        4001 hear 99
        4002 hear 98
        4610 time => sends 100
        4611 hear 99 => sends 100, announces
        """),
    Behaviour(
      "at equal priority the higher address stays", "6.4.3",
      risen + """
        4000 hear 100 from 4 => master, sends 100, announces
        """),
    Behaviour(
      "at equal priority the lower address gives way", "6.4.3",
      risen + """
        4000 hear 100 from 6 => backup, because betterMaster
        """),
    Behaviour(
      "of two owners one gives way, too, by address", "7.1, other than there",
      """
      0 start => master, sends 255, announces
      100 hear 255 from 4 => sends 255, announces
      200 hear 255 from 6 => backup, because betterMaster
      """
    ) { $0.priority = 255 },
    Behaviour(
      "an owner stays before any lower priority", "7.1",
      """
      0 start => master, sends 255, announces
      100 hear 254 => master, sends 255, announces
      """
    ) { $0.priority = 255 },
    Behaviour(
      "priority 0 heard by a master: it advertises, and its timer starts anew",
      "6.4.3; holo packet1",
      risen + """
        4000 hear 0 => master, sends 100, until 5000
        """),
    Behaviour(
      "a tracked signal lowers the priority: the peers hear at once, a better one takes over",
      "ours; VPP intf_tracking",
      risen + """
        4000 priority 50 => sends 50, until 4610
        4610 time => sends 50
        4700 hear 99 => backup, because betterMaster
        """),
    Behaviour(
      "an owner that tracks is no owner while its priority is lower", "VPP intf_tracking",
      """
      0 start => master, sends 255, announces
      100 priority 205 => master, sends 205
      1000 time => sends 205
      1100 priority 255 => sends 255
      """
    ) { $0.priority = 255 },
    Behaviour(
      "the same priority again is nothing", "ours",
      risen + """
        4000 priority 100
        """),
    Behaviour(
      "a shorter interval is told at once", "ours",
      risen + """
        4000 interval 100 => sends 100, until 4100
        4100 time => sends 100, until 4200
        4150 interval 1000 => until 4200
        """),
    Behaviour(
      "a master's own advertisement, come back, is nothing", "ours",
      risen + """
        4000 hear 200 from 5
        """),
  ]

  static let faults = [
    Behaviour(
      "a fault as master: priority 0, no master; mended: it listens as after a start",
      "ours; keepalived; holo ibus-iface-update1, 2",
      risen + """
        4000 fault => initialize, because faulty, sends 0, never
        4100 hear 0
        5000 time
        6000 mended => backup, because started, until 9609
        """),
    Behaviour(
      "a fault as backup is silent", "ours; keepalived",
      """
      0 start => backup
      100 fault => initialize, because faulty, never
      """),
    Behaviour(
      "a fault ends the preemption delay", "ours",
      """
      0 start => backup
      1000 hear 50
      2000 fault => initialize
      3000 mended => backup, until 6609
      5000 hear 50 => until 8609
      8000 hear 50 => until 11609
      """
    ) { $0.preemptDelay = .seconds(10) },
    Behaviour(
      "a faulty router doesn't start", "ours; keepalived",
      """
      0 fault
      10 start => initialize, never
      20 mended => backup
      """),
    Behaviour(
      "a fault while yielding ends it", "ours",
      risen + """
        4000 yield => sends 0
        4100 fault => initialize, because faulty
        """),
    Behaviour(
      "without a primary address there is no election", "6.1 (Primary IPvX Address)",
      risen + """
        4000 no address => initialize, because noAddress, sends 0, never
        5000 start
        6000 address 7 => backup
        """),
    Behaviour(
      "a master tells its new address at once", "ours",
      risen + """
        4000 address 7 => sends 100, until 4610
        4100 hear 100 from 6 => sends 100, announces
        """),
  ]
}
