internal import Glibc

/// Why an attempt failed.
struct ProbeFailure: Error, Hashable, CustomStringConvertible {
  let description: String
  /// The status of an unsuccessful HTTP answer.
  var status: Int?
  var fault: AttemptReport.Fault
  /// The kernel's errno, if the kernel refused something.
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

  /// A failed system call: `cannot read /x: No such file or directory`.
  init(_ what: String, _ code: Int32) {
    self.init(
      "\(what): \(errorText(code))", fault: isOurs(code) ? .ours : .answer, errno: code)
  }
}

/// Whether an error is due to this process or machine, and so says nothing about whoever was to be
/// asked.
func isOurs(_ code: Int32) -> Bool {
  switch code {
  case EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, EAGAIN: true
  // No port is free.
  case EADDRNOTAVAIL, EADDRINUSE: true
  // Our own firewall, a full conntrack table, or a capability that we lack.
  case EPERM: true
  default: false
  }
}

/// The kernel's sentence.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
