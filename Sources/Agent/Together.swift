internal import Glibc

/// Does `other` on a thread of its own and `own` on this one, and returns when both are done: no
/// thread is left. `other` must touch nothing that `own` does.
func together<A, B>(_ other: @escaping () -> A, _ own: () -> B) -> (A, B) {
  var result: A?
  let work = Unmanaged.passRetained(Work { result = other() })
  var thread = pthread_t()
  let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
    Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().body()
    return nil
  }
  guard pthread_create(&thread, nil, start, work.toOpaque()) == 0 else {
    work.takeRetainedValue().body()  // no thread to be had: one after the other
    return (result!, own())
  }
  let ownResult = own()
  pthread_join(thread, nil)
  return (result!, ownResult)
}

private final class Work {
  let body: () -> Void

  init(_ body: @escaping () -> Void) { self.body = body }
}
