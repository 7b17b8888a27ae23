/**
 * Reads backend messages. What every turn brings (rows, tags) is read in place, without a copy and without
 * making text of it; what is rare (errors, descriptions, authentication) goes through pg-protocol.
 */
import {
  type BackendMessage,
  DatabaseError,
  NoticeMessage,
  RowDescriptionMessage,
} from 'pg-protocol/dist/messages.js'
import { Parser } from 'pg-protocol/dist/parser.js'
import { PostgresError } from '../session/database.ts'

const code = (letter: string) => letter.charCodeAt(0)

export const Code = {
  parseComplete: code('1'),
  bindComplete: code('2'),
  closeComplete: code('3'),
  notification: code('A'),
  commandComplete: code('C'),
  dataRow: code('D'),
  error: code('E'),
  copyIn: code('G'),
  copyOut: code('H'),
  emptyQuery: code('I'),
  backendKey: code('K'),
  notice: code('N'),
  authentication: code('R'),
  parameterStatus: code('S'),
  rowDescription: code('T'),
  copyBoth: code('W'),
  ready: code('Z'),
  copyDone: code('c'),
  copyRow: code('d'),
  noRows: code('n'),
} as const

/** One whole frame (code, length, body) as pg-protocol's message. */
export function decode(frame: Buffer): BackendMessage {
  let decoded: BackendMessage | undefined
  new Parser().parse(frame, (message) => {
    decoded = message
  })
  if (!decoded) throw new Error('A frame of Postgres could not be read.')
  return decoded
}

export type Cells = (Buffer | null)[]

/** The cells of a DataRow whose body is `chunk[start, end)`: slices of the chunk. */
export function cellsOf(chunk: Buffer, start: number): Cells {
  const count = chunk.readUInt16BE(start)
  const cells: Cells = new Array(count)
  let offset = start + 2
  for (let i = 0; i < count; i++) {
    const length = chunk.readInt32BE(offset)
    offset += 4
    cells[i] = length < 0 ? null : chunk.subarray(offset, offset + length)
    if (length > 0) offset += length
  }
  return cells
}

/** The number at the end of a command tag (`INSERT 0 5`), or 0 (`SET`). */
export function rowCountOf(chunk: Buffer, start: number, end: number): number {
  let count = 0
  let unit = 1
  for (let i = end - 2; i >= start; i--) {
    const digit = (chunk[i] ?? 0) - 48
    if (digit < 0 || digit > 9) break
    count += digit * unit
    unit *= 10
  }
  return count
}

export function columnsOf(frame: Buffer): string[] {
  const message = decode(frame)
  return message instanceof RowDescriptionMessage ? message.fields.map((field) => field.name) : []
}

export function errorOf(frame: Buffer): PostgresError {
  const message = decode(frame)
  if (message instanceof DatabaseError || message instanceof NoticeMessage) {
    return new PostgresError({ ...message, code: message.code ?? 'XX000', message: message.message ?? '' })
  }
  throw new Error('Expected an ErrorResponse.')
}

/** FATAL and PANIC end the connection. The severity may be translated, so the class of the code decides too. */
export const endsConnection = (error: PostgresError): boolean =>
  error.severity === 'FATAL' || error.severity === 'PANIC' || error.code.startsWith('57P')
