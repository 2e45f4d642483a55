internal import Glibc

/// Why something that an attempt does failed.
struct ProbeFailure: Error, Hashable, CustomStringConvertible {
  let description: String
  /// The status of an HTTP answer that isn't a good one.
  var status: Int?
  var fault: AttemptReport.Fault
  /// The kernel's, where it was the kernel that refused.
  var errno: Int32?

  init(
    _ description: String, status: Int? = nil, fault: AttemptReport.Fault = .answer,
    errno: Int32? = nil
  ) {
    self.description = description
    self.status = status
    self.fault = fault
    self.errno = errno
  }

  /// Of a system call: `cannot read /x: No such file or directory`.
  init(_ what: String, _ code: Int32) {
    self.init(
      "\(what): \(errorText(code))", fault: isOurs(code) ? .ours : .answer, errno: code)
  }
}

/// Whether an error says what this process or machine lacks, and so nothing of who was to be asked.
func isOurs(_ code: Int32) -> Bool {
  switch code {
  case EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, EAGAIN: true
  // No port is free.
  case EADDRNOTAVAIL, EADDRINUSE: true
  // Our own firewall, conntrack's table when it is full, or a capability that we lack.
  case EPERM: true
  default: false
  }
}

/// The kernel's sentence.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
