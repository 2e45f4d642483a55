internal import CLinux
internal import Glibc

/// A system thread, which ends when its function returns.
public struct Thread: Sendable {
  private let id: pthread_t

  private final class Body {
    let name: String
    let run: @Sendable () -> Void

    init(_ name: String, _ run: @escaping @Sendable () -> Void) {
      (self.name, self.run) = (name, run)
    }
  }

  /// `name` is what `top -H` shows: at most 15 bytes.
  public init(_ name: String, _ run: @escaping @Sendable () -> Void) throws(Errno) {
    let body = Unmanaged.passRetained(Body(name, run))
    var id = pthread_t()
    let code = pthread_create(
      &id, nil,
      { argument in
        let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
        vpngw_name_thread(body.name)
        body.run()
        return nil
      }, body.toOpaque())
    guard code == 0 else {
      body.release()
      throw Errno(code)
    }
    self.id = id
  }

  /// Waits for its end; may be called once.
  public func join() { pthread_join(id, nil) }
}
