/**
 * Control's certificates against a real authority, Debian's pebble, which refuses three nonces in ten: a wildcard by
 * DNS, and its renewal when the authority calls it back (RFC 9773).
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { factsOf, readChain } from '@cascata/control/acme/chain'
import { judgePair } from '@cascata/control/acme/pair'
import { nodeFiles } from '@cascata/control/adapters/files'
import { openSeal, type Seal } from '@cascata/control/adapters/seal'
import { pathsOf } from '@cascata/control/paths'
import { certificatePairs } from '@cascata/control/reconcile/certificates/pairs'
import type { Task } from '@cascata/control/reconcile/task'
import { instanceCertificates } from '@cascata/control/wiring/certificates'
import type { Parts } from '@cascata/control/wiring/parts'
import { systemClock } from '@cascata/shared/clock'
import { exportJWK, FlattenedSign } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAuthority, type TestAuthority } from '../harness/authority.ts'
import { openTestStore, type TestStore } from './store.ts'

const DOMAIN = 'cascata.test'
const PORT = 18_930
const never = new AbortController().signal

let folder: string
let on: TestStore
let authority: TestAuthority
let hook: Server
let seal: Seal
let task: Task
/** As a control does that was started anew: it knows what is in the store. */
let openTask: () => Task
const records: string[] = []
const warned: object[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-certificates-'))
  on = await openTestStore()
  authority = await startAuthority({
    ...{ name: `cascata-test-certs-${process.pid}`, port: PORT, httpPort: PORT + 9, folder },
    nonceRejectPercent: 30,
  })
  seal = await openSeal(join(folder, 'master.key'))
  const url = await startHook()
  const provider = { kind: 'webhook', url, secret: 'sixteen characters', propagation_seconds: 0 }
  await on.store.instance.set('dns-provider', seal.seal('dns-provider', JSON.stringify(provider)))
  // An edge that serves none of the files: what nobody wants may go at once.
  await mkdir(join(folder, 'edge/current'), { recursive: true })
  await writeFile(join(folder, 'edge/current/manifest.json'), JSON.stringify({ digest: 'served' }))
  await writeFile(join(folder, 'edge/current/nginx.conf'), '')
  const acme = { directory: authority.directory, email: 'admin@cascata.test', caFile: authority.caFile }
  const paths = pathsOf(folder)
  const log = { warn: (fields: object, message: string) => void warned.push({ ...fields, message }) }
  const parts = {
    ...{
      config: { acme, domain: DOMAIN, version: '0.1.0', dnsServers: [] },
      paths,
      seal,
      clock: systemClock,
    },
    pairs: certificatePairs({
      ...{ files: nodeFiles, judge: judgePair, clock: systemClock },
      ...{ paths, seal, log },
    }),
    effects: { run: (_name: string, effect: () => Promise<unknown>) => effect() },
  } as unknown as Parts
  openTask = () =>
    instanceCertificates(parts, on.store, { probe: { digest: async () => 'served' }, changed: () => {} })
  task = openTask()
})

afterAll(async () => {
  await authority?.stop()
  await new Promise((resolve) => (hook ? hook.close(resolve) : resolve(undefined)))
  await on?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** What somebody with a DNS of their own would put behind the webhook. */
async function startHook(): Promise<string> {
  hook = createServer((request, response) => {
    let text = ''
    request.on('data', (piece: Buffer) => {
      text += piece.toString()
    })
    request.on('end', async () => {
      const { action, name, value } = JSON.parse(text) as Record<string, string>
      records.push(`${action} ${value}`)
      await (action === 'present'
        ? authority.setTxt(name ?? '', value ?? '')
        : authority.clearTxt(name ?? '', value ?? ''))
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`
}

/** Passes, as the driver makes them, until what they do is enough. */
async function passUntil(isEnough: () => Promise<boolean>): Promise<void> {
  for (let passes = 0; passes < 80; passes++) {
    const { failed, againInMs } = await task.run(never)
    if (failed[0]) throw failed[0].error
    if (await isEnough()) return
    await pause(Math.min(againInMs ?? 1_000, 1_000))
  }
  throw new Error('it does not come to an end')
}

const wildcard = async () =>
  (await on.store.certificates.list()).find(({ name, source }) => name === `*.${DOMAIN}` && source === 'acme')
const settled = async () =>
  (await on.store.certificates.orders.list()).length === 0 &&
  (await readdir(pathsOf(folder).edgeCertificates)).length === 2

describe('a wildcard by DNS', () => {
  test('is issued for the domain and all below it, by one order, although nonces are refused', async () => {
    await passUntil(async () => (await wildcard()) !== undefined && (await settled()))
    const row = await wildcard()
    const chain = readChain(row?.chain ?? '')
    expect(factsOf(row?.chain ?? '').names.toSorted()).toEqual([`*.${DOMAIN}`, DOMAIN])
    expect(chain.length).toBeGreaterThan(1)
    const root = new X509Certificate(await authority.root())
    for (const [at, each] of chain.entries())
      expect(each.verify((chain[at + 1] ?? root).publicKey)).toBe(true)
    expect(await authority.orders()).toBe(1)
    expect(await authority.refusedNonces()).toBeGreaterThan(0)
  })

  test('took down every record that it put up', () => {
    const put = records
      .filter((each) => each.startsWith('present'))
      .map((each) => each.slice('present '.length))
    expect(new Set(put).size).toBe(2)
    for (const value of put) expect(records).toContain(`cleanup ${value}`)
  })

  test('lies where the edge reads it, with its own key', async () => {
    const row = await wildcard()
    const base = join(pathsOf(folder).edgeCertificates, row?.file ?? '')
    const [leaf] = readChain(await readFile(`${base}.crt`, 'utf8'))
    expect(leaf?.checkPrivateKey(createPrivateKey(await readFile(`${base}.key`, 'utf8')))).toBe(true)
    expect(row?.key).not.toContain('PRIVATE KEY')
  })

  test('has a window for its renewal from the authority', async () => {
    await passUntil(async () => (await wildcard())?.windowStart != null)
    const row = await wildcard()
    expect(row?.renewAt?.getTime()).toBeGreaterThanOrEqual(row?.windowStart?.getTime() ?? 0)
    expect(row?.renewAt?.getTime()).toBeLessThanOrEqual(row?.windowEnd?.getTime() ?? 0)
  })

  test('is renewed when the authority calls it back, by one further order', async () => {
    const before = await wildcard()
    await revoke(before?.chain ?? '', seal.open(`certificate:*.${DOMAIN}`, before?.key ?? ''))
    await on.sql`update public.certificates set window_check_at = now()`
    await passUntil(async () => (await wildcard())?.serial !== before?.serial && (await settled()))
    expect(await authority.orders()).toBe(2)
    expect((await wildcard())?.notAfter.getTime()).toBeGreaterThan(Date.now())
  })

  test('rests when all is well: a further pass asks for nothing', async () => {
    const { applied, failed } = await task.run(never)
    expect([applied, failed]).toEqual([[], []])
    expect(await authority.orders()).toBe(2)
  })

  test('is written anew when its files are damaged, without asking anybody', async () => {
    // Of one that is just stored nothing is told: it is about to be written.
    await on.sql`update public.certificates set created_at = created_at - interval '1 hour'`
    const row = await wildcard()
    const base = join(pathsOf(folder).edgeCertificates, row?.file ?? '')
    await truncate(`${base}.crt`, 50)
    await passUntil(async () => (await readFile(`${base}.crt`, 'utf8')) === row?.chain)
    expect(await authority.orders()).toBe(2)
    expect(warned).toEqual([
      expect.objectContaining({
        certificate: `*.${DOMAIN}`,
        message: expect.stringContaining('written anew'),
      }),
    ])
  })

  test('is asked for anew when what is kept of it is damaged, too, and the loss is told once', async () => {
    const before = await wildcard()
    const base = join(pathsOf(folder).edgeCertificates, before?.file ?? '')
    await on.sql`update public.certificates set key = 'v1.00000000.none'`
    // The files are whole: there is no need.
    await task.run(never)
    expect(await authority.orders()).toBe(2)
    await truncate(`${base}.key`, 50)
    await passUntil(async () => (await wildcard())?.serial !== before?.serial && (await settled()))
    const after = await wildcard()
    expect(await readFile(join(pathsOf(folder).edgeCertificates, `${after?.file}.crt`), 'utf8')).toBe(
      after?.chain,
    )
    expect(await authority.orders()).toBe(3)
    const losses = warned.filter((each) => JSON.stringify(each).includes('certificate lost'))
    expect(losses).toHaveLength(1)
    expect(JSON.stringify(warned)).not.toContain('PRIVATE KEY')
  })
})

test('one account is made, whatever is asked for by whichever control, and its key is nowhere in the clear', async () => {
  task = openTask()
  const before = await wildcard()
  await on.sql`update public.certificates set renew_at = now()`
  await passUntil(async () => (await wildcard())?.serial !== before?.serial && (await settled()))
  expect(await authority.orders()).toBe(4)
  expect(await authority.accounts()).toBe(1)

  const name = `acme-key:${authority.directory}`
  const rows = await on.sql<{ name: string; value: string }[]>`select name, value from public.instance`
  const kept = rows.find((row) => row.name === name)?.value ?? ''
  const key = seal.open(name, kept)
  expect(createPrivateKey(key).asymmetricKeyType).toBe('ec')
  const [, body = ''] = key.trim().split('\n')
  const { d = 'none' } = await exportJWK(createPrivateKey(key))
  const all = JSON.stringify([
    ...rows,
    await on.sql`select * from public.certificates`,
    await on.sql`select * from public.certificate_orders`,
  ])
  for (const secret of ['PRIVATE KEY', body, d]) expect(all).not.toContain(secret)
})

/** As the holder of its key (RFC 8555, 7.6); a refused nonce is tried again. */
async function revoke(chain: string, keyPem: string): Promise<void> {
  const [leaf] = readChain(chain)
  const key = createPrivateKey(keyPem)
  const { kty, crv, x, y } = await exportJWK(key)
  const directory = JSON.parse((await ask(authority.directory)).text) as Record<string, string>
  const url = directory.revokeCert ?? ''
  let nonce = (await ask(directory.newNonce ?? '')).nonce
  for (let tries = 0; tries < 20; tries++) {
    const payload = Buffer.from(JSON.stringify({ certificate: leaf?.raw.toString('base64url') }))
    const signed = await new FlattenedSign(payload)
      .setProtectedHeader({ alg: 'ES256', nonce, url, jwk: { kty, crv, x, y } } as never)
      .sign(key)
    const answer = await ask(url, JSON.stringify(signed))
    if (answer.status === 200) return
    if (!answer.text.includes('badNonce')) throw new Error(`not revoked: ${answer.text}`)
    nonce = answer.nonce
  }
  throw new Error('no nonce was taken')
}

async function ask(url: string, body?: string): Promise<{ status: number; text: string; nonce: string }> {
  const ca = await readFile(authority.caFile)
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/jose+json' }
    const options = body === undefined ? { ca } : { ca, method: 'POST', headers }
    const asked = request(url, options, (response) => {
      let text = ''
      response.on('data', (piece: Buffer) => {
        text += piece.toString()
      })
      const nonce = String(response.headers['replay-nonce'] ?? '')
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, nonce }))
    })
    asked.on('error', reject).end(body)
  })
}
