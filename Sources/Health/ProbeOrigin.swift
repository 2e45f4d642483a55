internal import CLinux
internal import Glibc
import Model

/// Where a probe's packets come from: a source address, a link, a mark.
struct ProbeOrigin: Hashable, Sendable {
  var source: IPAddress?
  var link: LinkName?
  var mark: Mark?

  init(_ probe: Probe) {
    source = probe.source
    link = probe.link
    mark = probe.mark
  }

  /// Where a question about the public address of whoever is probed comes from.
  init(_ source: AddressSource, of probe: Probe) {
    let isOwn = source.hasOrigin
    self.source = isOwn ? source.source : probe.source
    link = isOwn ? source.link : probe.link
    mark = isOwn ? source.mark : probe.mark
  }

  /// A socket option, and what to say if the kernel refuses it.
  private struct Option {
    let level: Int32
    let name: Int32
    let value: Int32
    let refusal: String
  }

  private func options() throws(ProbeFailure) -> [Option] {
    var options: [Option] = []
    if let link {
      // Looked up now: a link that was made anew has the same name but another index.
      let index = if_nametoindex(link.text)
      guard index != 0 else {
        // if_nametoindex opens a socket.
        if isOurs(errno) { throw ProbeFailure("cannot ask by link \(link)", errno) }
        throw ProbeFailure("there is no link \(link)")
      }
      options.append(
        Option(
          level: SOL_SOCKET, name: SO_BINDTOIFINDEX, value: Int32(index),
          refusal: "cannot ask by link \(link)"))
    }
    if let mark {
      options.append(
        Option(
          level: SOL_SOCKET, name: SO_MARK, value: Int32(bitPattern: mark.bits),
          refusal: "cannot mark packets with \(mark)"))
    }
    if source != nil {
      // Otherwise each attempt uses up a port for all peers, not only for its own.
      options.append(
        Option(
          level: Int32(IPPROTO_IP), name: IP_BIND_ADDRESS_NO_PORT, value: 1,
          refusal: "cannot ask from an address"))
    }
    return options
  }

  func apply(to socket: Int32) throws(ProbeFailure) {
    for option in try options() {
      var value = option.value
      let size = socklen_t(MemoryLayout<Int32>.size)
      guard setsockopt(socket, option.level, option.name, &value, size) == 0 else {
        throw ProbeFailure(option.refusal, errno)
      }
    }
  }
}
