import Model

@testable import VRRP

extension Behaviour {
  static let families: [Behaviour] = [
    (
      "a better master in either family makes a master backup",
      """
      0 start => backup
      3610 time => master, sends 100, announces
      4000 hear6 101 => backup, because betterMaster
      """
    ),
    (
      "the backup waits for the last family to fall silent",
      """
      0 start => backup
      1000 hear 200 => until 4609
      1000 hear6 200
      2000 hear6 200 => until 5609
      4700 time
      5610 time => master, because noMaster, sends 100, announces
      """
    ),
    (
      "a master that says farewell in both is gone in both",
      """
      0 start => backup
      1000 hear 200
      1000 hear6 200 => until 4609
      1500 hear 0 => until 4609
      1500 hear6 0 => until 2109
      2110 time => master, because masterLeft, sends 100, announces
      """
    ),
    (
      "a farewell in one family leaves the other's master",
      """
      0 start => backup
      1000 hear 200
      1000 hear6 200
      1500 hear 0 => until 4609
      2000 hear6 200 => until 5609
      """
    ),
    (
      "a farewell in the only family that was heard is enough",
      """
      0 start => backup
      1000 hear6 200 => until 4609
      1500 hear6 0 => until 2109
      """
    ),
    (
      "at equal priority the IPv4 address decides",
      """
      0 start => backup
      3610 time => master, sends 100, announces
      4000 hear6 100 from 6 => sends 100, announces
      4000 hear 100 from 4
      4610 time => sends 100
      4700 hear6 100 from 4 => sends 100, announces
      4800 hear 100 from 6 => backup
      """
    ),
    (
      "a winner by its IPv6 address that is still there a master-down time later is let win",
      """
      0 start => backup
      3610 time => master, sends 100, announces
      4000 hear6 100 from 6 => sends 100, announces
      4610 time => sends 100
      5000 hear6 100 from 6 => sends 100, announces
      5610 time => sends 100
      6000 hear6 100 from 6 => sends 100, announces
      6610 time => sends 100
      7000 hear6 100 from 6 => sends 100, announces
      7610 time => sends 100
      7700 hear6 100 from 6 => backup, because betterMaster
      """
    ),
    (
      "with a pause of a master-down time the contest starts over",
      """
      0 start => backup
      3610 time => master, sends 100, announces
      4000 hear6 100 from 6 => sends 100, announces
      7610 time => sends 100
      7700 hear6 100 from 6 => sends 100, announces
      8610 time => sends 100
      9000 hear6 100 from 6 => sends 100, announces
      """
    ),
    (
      "without an IPv4 address of ours, IPv6's decides at once",
      """
      0 start => backup
      3610 time => master, sends 100, announces
      4000 no address => master
      4100 hear6 100 from 6 => backup
      """
    ),
    (
      "without an IPv6 address of ours, IPv4's still decides",
      """
      0 start => backup
      3610 time => master, sends 100, announces
      4000 no address6 => master
      4100 hear6 100 from 6 => sends 100, announces
      4200 hear 100 from 6 => backup
      """
    ),
    (
      "one family's address is enough to be master",
      """
      0 no address
      0 no address6
      10 start => initialize, never
      20 address6 5 => backup
      4000 time => master, sends 100, announces
      4100 address 5 => sends 100
      """
    ),
    (
      "a lower master in one family isn't preempted while a better one speaks in the other",
      """
      0 start => backup
      1000 hear 200 => until 4609
      1000 hear6 50 => until 4609
      4000 hear 200 => until 7609
      4000 hear6 50 => until 7609
      """
    ),
    (
      "each family's interval is its own",
      """
      0 start => backup
      1000 hear 200 every 100 => until 1360
      1000 hear6 200 every 2000 => until 8218
      """
    ),
  ].map { Behaviour($0.0, "ours (both families)", $0.1) { $0.families.inet6 = true } }
}
