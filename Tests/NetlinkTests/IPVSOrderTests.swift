import Model
import Testing

@testable import Kernel

/// Tables of `sh` and `mh` depend on the order in which destinations were added.
@Suite struct IPVSOrderTests {
  private func service(_ servers: [UInt32], scheduler: String = "mh") -> IPVSService {
    var service = IPVSService(.mark(1, .inet), scheduler: scheduler)
    service.destinations = servers.map { IPVSDestination(IPAddress(v4: $0), port: 0) }
    return service
  }

  /// A service as the kernel has it: `order` is the order of adding.
  private func present(_ order: [UInt32]) -> IPVSService {
    var service = service(order)
    if order != order.sorted() {
      service.actualOrder = order.map { IPVSDestination(IPAddress(v4: $0), port: 0).id }
    }
    return service
  }

  private func carriedOut(_ order: [UInt32], _ moves: DestinationMoves) -> [UInt32] {
    let gone = (moves.lifted + moves.removed).map(\.address.v4)
    return order.filter { !gone.contains($0) } + moves.added.map(\.address.v4)
  }

  @Test func anyOrderBecomesTheCanonicalOneByFewestMoves() {
    // All subsets of four in all orders.
    let numbers: [UInt32] = [1, 2, 3, 4]
    var orders: [[UInt32]] = [[]]
    for _ in numbers {
      orders += orders.flatMap { order in
        numbers.filter { !order.contains($0) }.map { order + [$0] }
      }
    }
    for order in Set(orders) {
      for bits in 0..<16 {
        let wanted = numbers.filter { bits >> ($0 - 1) & 1 == 1 }
        let moves = DestinationMoves(from: present(order), to: service(wanted))
        #expect(carriedOut(order, moves) == wanted, "\(order) -> \(wanted)")
        if order == wanted { #expect(moves.added.isEmpty && moves.removed.isEmpty) }
        // Neither removing one nor adding one at the end moves others.
        if order == order.sorted(), wanted.filter(order.contains) == wanted {
          #expect(moves.lifted.isEmpty)
        }
        if order == wanted.dropLast() { #expect(moves.lifted.isEmpty) }
      }
    }
  }

  @Test func whereTheOrderDoesNotCountNothingMoves() {
    let moves = DestinationMoves(
      from: present([3, 1]), to: service([1, 2, 3], scheduler: "wlc"))
    #expect(moves.lifted.isEmpty && moves.changed.isEmpty && moves.removed.isEmpty)
    #expect(moves.added.map(\.address.v4) == [2])
  }

  @Test func planShowsThatTheOrderDiffers() {
    let desired = service([1, 2])
    #expect(desired.differences(from: present([1, 2])).isEmpty)
    #expect(desired.differences(from: present([2, 1])).map(\.name) == ["destinations"])
    #expect(service([1, 2], scheduler: "rr").mustReorder(present([2, 1])) == false)
  }
}
