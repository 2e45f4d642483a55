import Schema

extension Session {
  /// `vpngw schema`
  public func schema() throws -> Int32 {
    Console.print(Schema.state)
    return Status.done
  }
}
