@testable import VRRP

extension Behaviour {
  static let backups = [
    Behaviour(
      "a backup sends nothing while a better master speaks", "6.4.2; VPP backup_noadv",
      """
      0 start => backup
      1000 hear 200 => until 4609
      2000 hear 200 => until 5609
      3000 hear 200 => until 6609
      3609 time
      """),
    Behaviour(
      "a backup becomes master when the master falls silent",
      "6.4.2; VPP election; holo master-down-timer1",
      """
      0 start => backup
      1000 hear 200 => until 4609
      4610 time => master, because noMaster, sends 100, announces
      """),
    Behaviour(
      "an equal priority keeps a backup in its place, whatever the addresses", "6.4.2",
      """
      0 start => backup
      1000 hear 100 from 1 => until 4609
      2000 hear 100 from 9 => until 5609
      """),
    Behaviour(
      "a lower priority is discarded, so that the backup preempts",
      "6.4.2; VPP backup_preempts",
      """
      0 start => backup, until 3609
      1000 hear 99 => until 3609
      2000 hear 99 => until 3609
      3610 time => master, sends 100, announces
      """),
    Behaviour(
      "without preemption a lower priority is followed", "6.4.2",
      """
      0 start => backup
      1000 hear 1 => until 4609
      4000 hear 1 => until 7609
      7610 time => master, sends 100, announces
      """
    ) { $0.preempt = false },
    Behaviour(
      "an owner preempts, preemption or not", "6.1",
      """
      0 start => master, sends 255, announces
      10 priority 254 => sends 254
      20 hear 255 => backup
      30 priority 255
      1000 hear 100 => until 3023
      3030 time => master, sends 255, announces
      """
    ) {
      $0.priority = 255
      $0.preempt = false
    },
    Behaviour(
      "the master's interval is learnt, and lives with the master", "6.4.2",
      """
      0 start => backup, until 3609
      1000 hear 200 every 100 => until 1360
      1100 hear 200 every 5000 => until 19146
      """),
    Behaviour(
      "the interval of a discarded advertisement isn't learnt", "6.4.2",
      """
      0 start => backup, until 3609
      1000 hear 99 every 10000 => until 3609
      """),
    Behaviour(
      "version 2 learns no interval", "v2: 6.4.2",
      """
      0 start => backup, until 3609
      1000 hear 200 every 5000 => until 4609
      """
    ) { $0.version = .v2 },
    Behaviour(
      "priority 0: the skew time remains", "6.4.2",
      """
      0 start => backup
      1000 hear 200 => until 4609
      1500 hear 0 => until 2109
      2110 time => master, because masterLeft, sends 100, announces
      """),
    Behaviour(
      "priority 0 again doesn't put it off", "ours",
      """
      0 start => backup
      1000 hear 200
      1500 hear 0 => until 2109
      1900 hear 0 => until 2109
      """),
    Behaviour(
      "priority 0 of a master not yet heard counts, too", "6.4.2",
      """
      0 start => backup, until 3609
      100 hear 0 => until 709
      """),
    Behaviour(
      "priority 0 of another than the master that is followed says nothing of that one", "ours",
      """
      0 start => backup
      1000 hear 200 from 9 => until 4609
      1100 hear 0 from 8 => until 4609
      """),
    Behaviour(
      "a next master within the skew time is followed", "6.4.2",
      """
      0 start => backup
      1000 hear 200
      1500 hear 0 => until 2109
      1800 hear 150 from 8 => until 5409
      2110 time
      """),
    Behaviour(
      "a lower master is left alone for the preemption delay, then replaced at once",
      "ours; keepalived",
      """
      0 start => backup
      1000 hear 50 => until 4609
      4000 hear 50
      8000 hear 50
      10000 hear 50 => until 11000
      11000 time => master, because preempted, sends 100, announces
      """
    ) { $0.preemptDelay = .seconds(10) },
    Behaviour(
      "the preemption delay is none where no master speaks", "ours; keepalived",
      """
      0 start => backup
      1000 hear 50 => until 4609
      4610 time => master, because noMaster, sends 100, announces
      """
    ) { $0.preemptDelay = .seconds(10) },
    Behaviour(
      "a better master stops the preemption delay", "ours; keepalived",
      """
      0 start => backup
      1000 hear 50 => until 3000
      2000 hear 200 from 8 => until 5609
      3000 hear 50 => until 5609
      """
    ) { $0.preemptDelay = .seconds(2) },
    Behaviour(
      "a priority that fell below the master's ends the preemption delay", "ours",
      """
      0 start => backup
      1000 hear 50 => until 3000
      2000 priority 40
      3000 time => backup, until 4843
      """
    ) { $0.preemptDelay = .seconds(2) },
    Behaviour(
      "preemption that is turned off meanwhile ends the preemption delay", "ours",
      """
      0 start => backup
      1000 hear 50 => until 3000
      2000 patient => until 4609
      2000 hear 50 => until 5609
      3000 time
      """
    ) { $0.preemptDelay = .seconds(2) },
    Behaviour(
      "a priority that rises shortens the wait", "6.1",
      """
      0 start => backup
      1000 hear 200 => until 4609
      2000 priority 199 => until 4222
      """),
    Behaviour(
      "a call that is late, after reading the socket, makes no false master", "ours",
      """
      0 start => backup
      1000 hear 200 => until 4609
      5000 hear 200 => until 8609
      5000 time => backup
      """),
    Behaviour(
      "a machine that slept for longer than an interval listens for one more, once", "ours",
      """
      0 start => backup
      1000 hear 200 => until 4609
      9000 time => backup, until 10609
      12000 time => master, because noMaster, sends 100, announces
      """),
    Behaviour(
      "our own advertisement, come back, is nothing", "ours; keepalived",
      """
      0 start => backup, until 3609
      100 hear 200 from 5 => until 3609
      """),
  ]
}
