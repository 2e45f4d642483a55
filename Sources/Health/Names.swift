internal import CLinux
internal import Glibc
import Model
internal import NIOPosix

/// Looks names up, by the system's resolver on a thread of its own: an answer may take half a minute.
///
/// Lives on a poller's thread.
final class Names {
  private struct Question: Hashable {
    let name: String
    let family: Family
  }

  typealias LookUp = @Sendable (String, Family) -> [IPAddress]

  private var open: [Question: [([IPAddress]) -> Void]] = [:]
  private let lookUp: LookUp

  init(_ lookUp: @escaping LookUp = Names.ask) { self.lookUp = lookUp }

  /// Calls back with the addresses of a family, preferred first (RFC 6724); empty where there are
  /// none, or nobody answered.
  func addresses(
    of host: Host, _ family: Family, on poller: Poller, _ then: @escaping ([IPAddress]) -> Void
  ) {
    if let address = host.address { return then(address.family == family ? [address] : []) }
    let question = Question(name: host.description, family: family)
    if open[question] != nil {
      open[question]!.append(then)
      return
    }
    open[question] = [then]
    // Whoever asks lives on the poller's thread, as this object does: both get there by the letter.
    let names = OnPoller(self)
    let (mailbox, lookUp) = (poller.mailbox, lookUp)
    NIOThreadPool.singleton.submit { _ in
      let addresses = lookUp(question.name, question.family)
      mailbox.post { _ in names.value.answer(question, addresses) }
    }
  }

  private func answer(_ question: Question, _ addresses: [IPAddress]) {
    for then in open.removeValue(forKey: question) ?? [] { then(addresses) }
  }

  private static func ask(_ name: String, _ family: Family) -> [IPAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    hints.ai_family = family == .inet ? AF_INET : AF_INET6
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: [IPAddress] = []
    var entry = list
    // The address's bytes in a `sockaddr_in` or `sockaddr_in6`.
    let place = family == .inet ? 4..<8 : 8..<24
    while let info = entry?.pointee {
      if let bound = info.ai_addr, Int(info.ai_addrlen) >= place.upperBound {
        let bytes = UnsafeRawBufferPointer(start: bound, count: Int(info.ai_addrlen))[place]
        if let address = IPAddress(bytes: bytes), !addresses.contains(address) {
          addresses.append(address)
        }
      }
      entry = info.ai_next
    }
    return addresses
  }
}

/// Carries an object of a poller's thread through other threads, back to its own.
private struct OnPoller<Value>: @unchecked Sendable {
  // Other threads don't touch it: it is only read in letters, which the poller's thread opens.
  let value: Value

  init(_ value: Value) { self.value = value }
}
