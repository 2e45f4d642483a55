/// Why something can't be compiled; ``NftablesFault`` adds the part of the table.
struct CompileError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}
