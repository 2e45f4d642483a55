internal import Events
import Model
import VRRP

/// All that the speaker's thread works with.
struct Conversation {
  private let mailbox: Mailbox
  private let hmac: HMAC?
  private let report: (Report) -> Void
  private var participants: [Participant] = []
  private var events = EventLoop.Events(atMost: 16)

  init(_ mailbox: Mailbox, hmac: HMAC?, report: @escaping (Report) -> Void) {
    self.mailbox = mailbox
    self.hmac = hmac
    self.report = report
  }

  mutating func run() {
    for error in RealTime.begin() { report(Report(id: nil, news: .refused(error))) }
    var goesOn = true
    while goesOn {
      mailbox.loop.wait(for: &events, until: deadline)
      let now = Instant.now
      var isWoken = false
      for index in 0..<events.count {
        let token = events[index].token
        if token == EventLoop.woken {
          isWoken = true
        } else {
          participant(Int(token))?.listen(at: now)
        }
      }
      for participant in participants { participant.elapse(at: now) }
      if isWoken { goesOn = obey() }
      if participants.contains(where: \.isUnsettled) { settle() }
    }
  }

  private var deadline: Instant? {
    var earliest: Instant?
    for participant in participants {
      guard let deadline = participant.deadline else { continue }
      earliest = earliest.map { min($0, deadline) } ?? deadline
    }
    return earliest
  }

  private func participant(_ id: Speaker.ID) -> Participant? { participants.first { $0.id == id } }

  /// Makes the members of each sync group agree.
  private func settle() {
    for participant in participants where participant.isUnsettled {
      participant.isUnsettled = false
      guard let group = participant.machine.router.syncGroup else { continue }
      let members = participants.filter { $0.machine.router.syncGroup == group }
      while let (index, event) = SyncGroup.next(members.map(\.machine)) {
        members[index].handle(event, at: .now)
      }
      for member in members { member.isUnsettled = false }
    }
  }

  /// A configuration, or a member that is gone, may have changed any group.
  private func unsettleAll() { for participant in participants { participant.isUnsettled = true } }

  /// False at the end.
  private mutating func obey() -> Bool {
    guard let commands = mailbox.takeAll() else { return true }
    for command in commands {
      let now = Instant.now
      switch command {
      case .add(let id, let router, let readings):
        let participant = Participant(
          id, router, hmac: hmac, on: mailbox.loop, readings: readings
        ) { [report] in report(Report(id: id, news: $0)) }
        participants.append(participant)
        participant.handle(.start, at: now)
      case .configure(let id, let router):
        participant(id)?.configure(router, hmac: hmac, at: now)
        unsettleAll()
      case .line(let id, let line): participant(id)?.take(line, at: now)
      case .bar(let id, let isBarred): participant(id)?.bar(isBarred, at: now)
      case .event(let id, let event): participant(id)?.handle(event, at: now)
      case .remove(let id):
        participant(id)?.handle(.stop, at: now)
        participants.removeAll { $0.id == id }
        unsettleAll()
      case .end:
        for participant in participants { participant.handle(.stop, at: now) }
        return false
      }
    }
    RealTime.lockMemory()
    return true
  }
}
