/**
 * A dynamic update of a zone (RFC 2136) with a transaction signature (RFC 8945), and its answer. Pure, but for the id
 * and the time it is given.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export type TsigKey = {
  name: string
  algorithm: 'hmac-sha256' | 'hmac-sha512'
  /** Base64, as `tsig-keygen` prints it. */
  secret: string
}

export type TxtChange = { action: 'add' | 'remove'; name: string; value: string; ttlS: number }

const TYPE = { SOA: 6, TXT: 16, TSIG: 250 } as const
const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const
const UPDATE = 5 << 11
const FUDGE_S = 300
const HEADER_BYTES = 12

const u8 = (value: number) => Buffer.from([value])
const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff])
const u32 = (value: number) =>
  Buffer.from([value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff])
const u48 = (value: number) => Buffer.concat([u16(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32)])
const sized = (bytes: Buffer) => Buffer.concat([u16(bytes.length), bytes])

/** Labels, uncompressed and in lower case, as a signature wants them. */
export function wireName(name: string): Buffer {
  const labels = name.toLowerCase().split('.').filter(Boolean)
  const pieces = labels.map((label) => {
    const bytes = Buffer.from(label, 'latin1')
    if (bytes.length > 63) throw new Error(`a label of ${name} is too long`)
    return Buffer.concat([u8(bytes.length), bytes])
  })
  return Buffer.concat([...pieces, u8(0)])
}

export type Update = { id: number; zone: string; change: TxtChange }

/** The message before it is signed: zone section, and one record to add or to take away. */
export function updateMessage({ id, zone, change }: Update): Buffer {
  const value = Buffer.from(change.value, 'latin1')
  if (value.length > 255) throw new Error('a TXT value is too long for one string')
  const isAdded = change.action === 'add'
  return Buffer.concat([
    ...[u16(id), u16(UPDATE), u16(1), u16(0), u16(1), u16(0)],
    ...[wireName(zone), u16(TYPE.SOA), u16(CLASS.IN)],
    ...[wireName(change.name), u16(TYPE.TXT), u16(isAdded ? CLASS.IN : CLASS.NONE)],
    ...[u32(isAdded ? change.ttlS : 0), sized(Buffer.concat([u8(value.length), value]))],
  ])
}

export type Signed = { message: Buffer; mac: Buffer }

export function signMessage(message: Buffer, key: TsigKey, nowS: number): Signed {
  const mac = macOf(key, [message, variables(key, { timeS: nowS, error: 0, other: Buffer.alloc(0) })])
  const record = Buffer.concat([
    ...[wireName(key.name), u16(TYPE.TSIG), u16(CLASS.ANY), u32(0)],
    sized(
      Buffer.concat([
        ...[wireName(key.algorithm), u48(nowS), u16(FUDGE_S), sized(mac)],
        ...[message.subarray(0, 2), u16(0), u16(0)],
      ]),
    ),
  ])
  const whole = Buffer.concat([message, record])
  whole.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return { message: whole, mac }
}

const macOf = (key: TsigKey, parts: readonly Buffer[]): Buffer =>
  createHmac(key.algorithm.slice('hmac-'.length), Buffer.from(key.secret, 'base64'))
    .update(Buffer.concat(parts))
    .digest()

type Stamp = { timeS: number; error: number; other: Buffer }

/** What is signed beside the message (RFC 8945, 4.3.3). */
const variables = ({ name, algorithm }: TsigKey, { timeS, error, other }: Stamp) =>
  Buffer.concat([
    ...[wireName(name), u16(CLASS.ANY), u32(0), wireName(algorithm), u48(timeS), u16(FUDGE_S)],
    ...[u16(error), sized(other)],
  ])

const RCODES: Record<number, string> = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  9: 'NOTAUTH',
  10: 'NOTZONE',
}

/**
 * Why an answer is no success, in DNS' own words; undefined when it is one. A success must be signed with our key; a
 * refusal need not be, it may be the key that is unknown.
 */
export function faultOf(
  answer: Buffer,
  request: { id: number; mac: Buffer; key: TsigKey },
): string | undefined {
  if (answer.length < HEADER_BYTES) return 'an answer that is too short'
  if (answer.readUInt16BE(0) !== request.id) return 'an answer to another question'
  const rcode = answer.readUInt16BE(2) & 0xf
  if (rcode !== 0) return RCODES[rcode] ?? `RCODE ${rcode}`
  return isAnswerSigned(answer, request) ? undefined : 'an answer without our signature'
}

function isAnswerSigned(answer: Buffer, { mac, key }: { mac: Buffer; key: TsigKey }): boolean {
  const at = lastRecordAt(answer)
  if (at === undefined) return false
  const afterName = skipName(answer, at)
  if (answer.readUInt16BE(afterName) !== TYPE.TSIG) return false
  let read = skipName(answer, afterName + 10)
  const timeS = answer.readUIntBE(read, 6)
  read += 8
  const macLength = answer.readUInt16BE(read)
  const theirs = answer.subarray(read + 2, read + 2 + macLength)
  read += 2 + macLength + 2
  const error = answer.readUInt16BE(read)
  const other = answer.subarray(read + 4, read + 4 + answer.readUInt16BE(read + 2))
  const bare = Buffer.from(answer.subarray(0, at))
  bare.writeUInt16BE(answer.readUInt16BE(10) - 1, 10)
  const ours = macOf(key, [sized(mac), bare, variables(key, { timeS, error, other })])
  return theirs.length === ours.length && timingSafeEqual(theirs, ours)
}

/** Undefined when there is no additional record. */
function lastRecordAt(message: Buffer): number | undefined {
  const [zones = 0, ...counts] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at))
  if (counts.at(-1) === 0) return undefined
  let at = HEADER_BYTES
  for (let left = zones; left > 0; left--) at = skipName(message, at) + 4
  for (let left = counts.reduce((sum, each) => sum + each, 0); left > 1; left--) {
    const fixed = skipName(message, at)
    at = fixed + 10 + message.readUInt16BE(fixed + 8)
  }
  return at
}

function skipName(message: Buffer, from: number): number {
  let at = from
  for (;;) {
    const length = message.readUInt8(at)
    if (length >= 0xc0) return at + 2
    if (length === 0) return at + 1
    at += 1 + length
  }
}
