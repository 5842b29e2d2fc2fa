// SPDX-License-Identifier: Apache-2.0
import CSystem

/// What makes bytes rows and fields (RFC 4180).
@usableFromInline package struct RowSyntax: Hashable, Sendable {
  /// The byte between fields.
  package let separator: UInt8
  /// Whether a line end inside of quotes belongs to its field. A quote then opens or closes, or is
  /// doubled, and stands nowhere else. Otherwise every line is a row, and a quote that does not
  /// begin a field is a byte like any other.
  package let hasQuotedLineEnds: Bool

  package init(separator: UInt8, hasQuotedLineEnds: Bool) {
    precondition(Self.canSeparate(separator), "a separator is no quote, line end or zero")
    self.separator = separator
    self.hasQuotedLineEnds = hasQuotedLineEnds
  }

  package static func canSeparate(_ byte: UInt8) -> Bool {
    byte < 0x80 && ![0, 0x0A, 0x0D, 0x22].contains(byte)
  }
}

/// Why some bytes are no row.
package struct RowProblem: Error, Hashable, Sendable {
  package enum Kind: Sendable {
    /// The text ends inside of quotes.
    case openQuote
    /// A quote stands inside of a field that does not begin with one.
    case strayQuote
    /// Something stands between a closing quote and the next separator.
    case textBehindQuote
  }
  package let kind: Kind
  /// The field, from 0.
  package let field: Int

  package init(kind: Kind, field: Int) {
    self.kind = kind
    self.field = field
  }
}

/// Finds rows and their fields in place, 64 bytes at a time.
///
/// The mask of quotes tells which bytes stand inside of them: those behind an odd number of quotes.
/// So rows without quotes cost some bit operations for each field, and nothing for each byte; the
/// fields of a row with quotes are looked at one after the other. Lines without any byte are no
/// rows. O(bytes).
@safe
package struct RowScanner: ~Copyable {
  // Safe because addresses are made of the text's by offsets below its count.
  private let syntax: RowSyntax
  private let text: Bytes
  /// Where the 64 bytes begin that the masks tell of.
  private var window = -64
  /// Separators and line feeds that end a field and are not yet used.
  private var ends: UInt64 = 0
  private var lineFeeds: UInt64 = 0
  /// Quotes in rows that are not yet passed.
  private var quotes: UInt64 = 0
  /// All ones where the bytes behind the window stand inside of quotes.
  private var carry: UInt64 = 0
  /// Fields whose doubled quotes had to be made single.
  private var scratch = ByteBuffer(capacity: 256)
  /// Such fields of rows that are kept, for which there was no more room.
  private var fullScratch: [HeapCell<ByteBuffer>] = []

  /// The fields of the rows that are kept, one row behind the other, without their quotes.
  package private(set) var fields = FieldList()
  /// The bytes of these rows, without their line ends.
  package private(set) var rows = FieldList()
  /// Where the fields of the last row begin.
  private var firstField = 0
  /// Where the row begins.
  package private(set) var start = 0
  /// Where its last field ends.
  package private(set) var end = 0
  /// Where the next row begins.
  package private(set) var next = 0

  package init(_ text: Bytes, _ syntax: RowSyntax) {
    self.syntax = syntax
    self.text = text
  }

  /// Finds the next row; false where there are no more. It takes the place of those before, unless
  /// they are kept.
  package mutating func findNext(keepsRows: Bool = false) throws(RowProblem) -> Bool {
    if !keepsRows { forgetRows() }
    firstField = fields.count
    repeat {
      guard next < text.count else { return false }
      start = next
      let hasQuotes = findFields()
      if hasQuotes { try splitQuoted() }
    } while end == start
    rows.append(row)
    return true
  }

  /// How many fields the last row has.
  package var fieldCount: Int { fields.count &- firstField }

  private mutating func forgetRows() {
    fields.removeAll()
    rows.removeAll()
    scratch.removeAll()
    if !fullScratch.isEmpty { fullScratch.removeAll() }
  }

  /// The bytes of the row, without its line end.
  package var row: Bytes { text[start..<end] }

  /// Finds the row's end, and its fields as if there were no quotes around them; whether there are.
  private mutating func findFields() -> Bool {
    fields.truncate(to: firstField)
    var fieldStart = start
    var hasQuotes = false
    while true {
      while ends == 0 {
        hasQuotes = hasQuotes || quotes != 0
        if window + 64 >= text.count {
          end = text.count
          next = end
          quotes = 0
          fields.append(text[fieldStart..<end])
          return hasQuotes
        }
        advance()
      }
      let bit = ends & (0 &- ends)
      let place = window &+ ends.trailingZeroBitCount
      ends &= ends &- 1
      if lineFeeds & bit != 0 {
        let hasReturn = place > fieldStart && text[place &- 1] == 0x0D
        end = hasReturn ? place &- 1 : place
        next = place &+ 1
        hasQuotes = hasQuotes || quotes & (bit &- 1) != 0
        quotes &= ~(bit &- 1)
        fields.append(text[fieldStart..<end])
        return hasQuotes
      }
      fields.append(text[fieldStart..<place])
      fieldStart = place &+ 1
    }
  }

  /// Makes the masks of the next 64 bytes.
  private mutating func advance() {
    window &+= 64
    let bits = unsafe mapred_row_bits(text.base + window, text.count - window, syntax.separator)
    quotes = bits.quotes
    ends = bits.separators | bits.line_feeds
    lineFeeds = bits.line_feeds
    guard syntax.hasQuotedLineEnds, quotes | carry != 0 else { return }
    let inside = Self.oddPrefixes(quotes) ^ carry
    carry = 0 &- (inside &>> 63)
    ends &= ~inside
    lineFeeds &= ~inside
  }

  /// Bit i is set where an odd number of the bits up to i is.
  private static func oddPrefixes(_ bits: UInt64) -> UInt64 {
    var odd = bits
    odd ^= odd &<< 1
    odd ^= odd &<< 2
    odd ^= odd &<< 4
    odd ^= odd &<< 8
    odd ^= odd &<< 16
    return odd ^ odd &<< 32
  }
}

extension RowScanner {
  /// Finds the fields of a row that has quotes, one after the other.
  private mutating func splitQuoted() throws(RowProblem) {
    let row = self.row
    fields.truncate(to: firstField)
    makeRoom(for: row)
    var position = 0
    repeat {
      if position < row.count, row[position] == 0x22 {
        position = try quoted(row, position + 1)
      } else {
        position = try plain(row, position)
      }
    } while position <= row.count
  }

  /// All copied fields of a row are together no longer than it. Views of copies do not move.
  private mutating func makeRoom(for row: Bytes) {
    if scratch.count + row.count <= scratch.capacity { return }
    var larger = ByteBuffer(capacity: max(2 * scratch.capacity, row.count))
    swap(&scratch, &larger)
    if larger.count > 0 { fullScratch.append(HeapCell(larger)) }
  }

  /// Takes the field that begins at `start` without a quote; returns where the next one begins.
  private mutating func plain(_ row: Bytes, _ start: Int) throws(RowProblem) -> Int {
    let end = row.firstIndex(of: syntax.separator, from: start) ?? row.count
    let field = row[start..<end]
    if syntax.hasQuotedLineEnds, field.firstIndex(of: 0x22) != nil {
      throw RowProblem(kind: .strayQuote, field: fieldCount)
    }
    fields.append(field)
    return end + 1
  }

  /// Takes the field whose opening quote stands before `start`; returns where the next one begins.
  private mutating func quoted(_ row: Bytes, _ start: Int) throws(RowProblem) -> Int {
    let copied = scratch.count
    var from = start
    while let quote = row.firstIndex(of: 0x22, from: from) {
      let after = quote + 1
      if after < row.count, row[after] == 0x22 {
        // The first of two stays, the second one goes.
        scratch.append(row[from..<after])
        from = after + 1
        continue
      }
      guard after == row.count || row[after] == syntax.separator else {
        throw RowProblem(kind: .textBehindQuote, field: fieldCount)
      }
      if from == start {
        fields.append(row[start..<quote])
      } else {
        scratch.append(row[from..<quote])
        fields.append(scratch.bytes[copied..<scratch.count])
      }
      return after + 1
    }
    throw RowProblem(kind: .openQuote, field: fieldCount)
  }
}

extension Bytes {
  /// How often the byte stands there. O(count), many bytes at a time.
  package func count(of byte: UInt8) -> Int { unsafe mapred_count(base, count, byte) }

  /// Where the last row ends that is whole, as far as quotes tell; 0 where none is. The bytes begin
  /// with a row.
  package func endOfRows(hasQuotedLineEnds: Bool) -> Int {
    guard hasQuotedLineEnds else { return lastIndex(of: 0x0A).map { $0 + 1 } ?? 0 }
    var isInside = count(of: 0x22) & 1 == 1
    var end = count
    while let lineFeed = self[0..<end].lastIndex(of: 0x0A) {
      if self[lineFeed..<end].count(of: 0x22) & 1 == 1 { isInside.toggle() }
      if !isInside { return lineFeed + 1 }
      end = lineFeed
    }
    return 0
  }
}
