internal import Synchronization

/// A queue of fixed size from one thread to another, without a lock or an allocation (Lamport's ring).
// Safe to share: only the producer writes `tail` and the free slots, only the consumer writes `head` and
// empties the others, and each publishes its index by a release that the other acquires.
final class Ring<Element: Sendable>: @unchecked Sendable {
  private let slots: UnsafeMutablePointer<Element?>
  private let capacity: Int
  /// Of all elements ever taken, and put in.
  private let head = Atomic<Int>(0)
  private let tail = Atomic<Int>(0)

  init(capacity: Int) {
    self.capacity = capacity
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: nil, count: capacity)
  }

  deinit {
    slots.deinitialize(count: capacity)
    slots.deallocate()
  }

  /// The producer's; false when there is no room.
  func put(_ element: Element) -> Bool {
    let tail = tail.load(ordering: .relaxed)
    guard tail - head.load(ordering: .acquiring) < capacity else { return false }
    slots[tail % capacity] = element
    self.tail.store(tail + 1, ordering: .releasing)
    return true
  }

  /// The consumer's.
  func take() -> Element? {
    let head = head.load(ordering: .relaxed)
    guard head < tail.load(ordering: .acquiring) else { return nil }
    let element = slots[head % capacity].take()
    self.head.store(head + 1, ordering: .releasing)
    return element
  }

  var isEmpty: Bool { head.load(ordering: .relaxed) == tail.load(ordering: .acquiring) }
}
