/** A name server that takes dynamic updates (BIND, Knot, PowerDNS, ...), with a TSIG key. */
import { randomInt } from 'node:crypto'
import { connect } from 'node:net'
import { DnsProviderFailed } from '@cascata/shared/problems/certificates'
import { type DnsProvider, TTL_S, type TxtRecord } from './provider.ts'
import { faultOf, signMessage, type TsigKey, updateMessage } from './tsig.ts'

const NAME = 'rfc2136'
const TIMEOUT_MS = 15_000

export type Rfc2136Settings = { host: string; port: number; zone: string; key: TsigKey }

export function rfc2136({ host, port, zone, key }: Rfc2136Settings, now: () => number) {
  async function update(action: 'add' | 'remove', { name, value }: TxtRecord): Promise<void> {
    if (name !== zone && !name.endsWith(`.${zone}`))
      throw DnsProviderFailed(NAME, `${name} is not in the zone ${zone}`)
    const id = randomInt(0x1_0000)
    const unsigned = updateMessage({ id, zone, change: { action, name, value, ttlS: TTL_S } })
    const { message, mac } = signMessage(unsigned, key, Math.floor(now() / 1_000))
    const answer = await exchange({ host, port }, message).catch((error: unknown) => {
      throw DnsProviderFailed(NAME, `${host}:${port} does not answer`).because(error)
    })
    const fault = faultOf(answer, { id, mac, key })
    if (fault !== undefined) throw DnsProviderFailed(NAME, `the update was answered with ${fault}`)
  }
  return {
    present: (record) => update('add', record),
    cleanup: (record) => update('remove', record),
  } satisfies Omit<DnsProvider, 'propagationMs'>
}

/** One message there and one back over TCP, each after its length (RFC 1035, 4.2.2). */
function exchange(address: { host: string; port: number }, message: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const socket = connect(address)
  let got = Buffer.alloc(0)
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')))
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('closed before the answer was whole')))
  socket.on('connect', () => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(message.length)
    socket.write(Buffer.concat([length, message]))
  })
  socket.on('data', (piece: Buffer) => {
    got = Buffer.concat([got, piece])
    if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return
    resolve(got.subarray(2, 2 + got.readUInt16BE(0)))
    socket.destroy()
  })
  return promise
}
