import JSON

extension Session {
  /// `vpngw status`: asks a running `run`, and prints its answer for people; with `listsAll` a line
  /// for every probe.
  public func status(_ address: String, port: Int, listsAll: Bool = false) throws -> Int32 {
    let body = try StatusClient.get("/status", from: address, port: port)
    if options.isJSON {
      Console.print(body)
      return Status.done
    }
    let document: Document
    do throws(SyntaxError) {
      document = try Document(Array(body.utf8))
    } catch {
      throw Failure("\(address):\(port) is not vpngw: its answer is no JSON")
    }
    Console.print(StatusTable(document.root, listsAll: listsAll).text)
    // The values point into it.
    withExtendedLifetime(document) {}
    return Status.done
  }
}
