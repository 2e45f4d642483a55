public import Model
public import VRRP

/// What the speaker's thread has to say.
public struct Report: Sendable {
  /// Of the virtual router; nil: of the thread.
  public var id: Speaker.ID?
  public var news: News

  public enum News: Sendable {
    case transition(Transition, at: Instant)
    /// The masters that are heard, by family.
    case follows(PerFamily<IPAddress?>)
    /// The addresses are to be announced again: a second master was heard.
    case announces
    /// A packet wasn't heeded; at most once a minute for each reason.
    case discarded(Discard, from: IPAddress?)
    /// Sending fails, or 0: works again.
    case sendFails(Int32)
    /// The sockets can't be opened; tried again each second.
    case broken(SpeakerError)
    /// Late by more than a tenth of the interval; at most once a minute.
    case late(Duration)
    /// What makes the thread punctual was refused.
    case refused(SpeakerError)
  }
}
