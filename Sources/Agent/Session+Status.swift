import JSON

extension Session {
  /// `vpngw status`: asks a running `run` and prints its answer for people, with `listsAll` one
  /// line for every probe. Fails while the file is invalid or the kernel isn't as it says.
  public func status(_ address: String, port: Int, listsAll: Bool = false) throws -> Int32 {
    let body = try StatusClient.get("/status", from: address, port: port)
    let document: Document
    do throws(SyntaxError) {
      document = try Document(Array(body.utf8))
    } catch {
      throw CommandError("\(address):\(port) is not vpngw: its answer is no JSON")
    }
    Console.print(options.isJSON ? body : StatusTable(document.root, listsAll: listsAll).text)
    // The values point into the document.
    return withExtendedLifetime(document) {
      let isGood = ["fileValid", "converged"].allSatisfy { document.root[$0]?.bool == true }
      return isGood ? Status.done : Status.failed
    }
  }
}
