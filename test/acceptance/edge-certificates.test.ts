/**
 * Files of certificates that are damaged behind control's back. One pair costs its own names something, at most, and
 * nobody else: what others change takes effect, and no name is ever shown another tenant's certificate.
 */
import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { askEdge } from '../harness/edge-ask.ts'
import { eventually } from '../harness/eventually.ts'
import { type OwnCertificate, ownCertificate, ownCertificateOn } from '../harness/own-certificate.ts'
import { output, run } from '../harness/run.ts'
import { anyCertificateShown, beginAtPostgres } from '../harness/shown.ts'
import { Created } from './shapes.ts'

const instance = inject('instance')
const { home, httpsPort, dbSessionPort } = instance
const cli = cliFor(instance.profile)
const api = apiFor(instance)
const certs = join(home, 'edge/certs')
const WITHIN_MS = 40_000

const [HURT, OTHER] = ['hurt', 'unhurt']
const [NAME, BARE, OTHERS] = ['shop.hurt.example', 'bare.hurt.example', 'shop.unhurt.example']
const Listed = z.object({
  items: z.array(
    z.object({
      ...{ name: z.string(), state: z.string(), source: z.string().nullable() },
      last_error: z.object({ code: z.string(), detail: z.string() }).nullable(),
    }),
  ),
})

let meta: Sql
let own: OwnCertificate
/** Names the victim's domain, too: anybody may sign that. */
let thief: OwnCertificate

beforeAll(async () => {
  await cli.json(Created, 'projects', 'create', 'Hurt', '--ref', HURT, '--wait')
  await cli.json(Created, 'projects', 'create', 'Unhurt', '--ref', OTHER, '--wait')
  for (const [ref, name] of [
    [HURT, NAME],
    [HURT, BARE],
    [OTHER, OTHERS],
  ] as const)
    expect((await cli.run('domains', 'add', ref, name, '--no-https-only')).code).toBe(0)
  meta = postgres({
    path: join(home, 'run/_meta/db/.s.PGSQL.5432'),
    ...{ user: 'supabase_admin', database: 'cascata', max: 1, onnotice: () => {} },
  })
  await meta`update public.domains set verified_at = now() where ref in (${HURT}, ${OTHER})`
  ;[own, thief] = [ownCertificate(NAME), ownCertificate(OTHERS, NAME)]
  await upload(HURT, NAME, own)
  await upload(OTHER, OTHERS, thief)
  await eventually(WITHIN_MS, async () => {
    expect(await shown(NAME)).toBe(fingerprint(own.certificate))
    expect(await shown(OTHERS)).toBe(fingerprint(thief.certificate))
    expect(await shown(BARE)).toBe(fingerprint(await readFile(join(certs, `self_${BARE}.crt`), 'utf8')))
  })
  // Nothing is told of one that is about to be written for the first time.
  await meta`update public.certificates set created_at = created_at - interval '1 hour'`
})
afterAll(async () => {
  await meta?.end({ timeout: 1 })
  for (const ref of [HURT, OTHER]) await cli.run('projects', 'delete', ref, '--yes')
})

async function upload(ref: string, name: string, body: OwnCertificate): Promise<void> {
  const answer = await api.call('PUT', `/v1/projects/${ref}/domains/${name}/certificate`, { body })
  expect(answer.status, answer.text).toBe(200)
}

const fingerprint = (text: string) => new X509Certificate(text).fingerprint256
const shownBy = async (asked: Parameters<typeof anyCertificateShown>[0]) =>
  (await anyCertificateShown(asked))?.fingerprint256
const shown = (name: string) => shownBy({ name, port: httpsPort })

let age = 0
/** Of another project: something of its own that only a new configuration brings. */
async function changeAnother(): Promise<void> {
  age += 1
  const path = `/v1/projects/${OTHER}/settings`
  const etag = (await api.call('GET', path)).headers.get('etag') ?? ''
  const body = { edge: { hstsMaxAgeS: age } }
  const answer = await api.call('PATCH', path, { body, headers: { 'if-match': etag } })
  expect(answer.status, answer.text).toBe(202)
  await eventually(WITHIN_MS, async () => {
    const host = `${OTHER}.localhost:${httpsPort}`
    const { headers } = await askEdge({ port: httpsPort, host, tls: true, path: '/rest/v1/' })
    expect(headers['strict-transport-security']).toBe(`max-age=${age}`)
  })
}

/** Where the files of a name with a certificate of its own are. */
async function filesOf(name: string): Promise<{ crt: string; key: string }> {
  const found = (await readdir(certs)).find((file) => file.startsWith(`${name}.`) && file.endsWith('.crt'))
  const base = join(certs, found?.slice(0, -'.crt'.length) ?? '')
  return { crt: `${base}.crt`, key: `${base}.key` }
}

const certificate = async () =>
  Listed.parse((await api.call('GET', `/v1/projects/${HURT}/certificates`)).body).items.find(
    ({ name }) => name === NAME,
  )

/** Lines of control's log about a certificate of the victim's that was damaged. */
async function told(): Promise<string[]> {
  const { stdout, stderr } = await run('docker', ['logs', `${instance.name}-control`])
  const lines = `${stdout.toString()}${stderr}`.split('\n')
  return lines.filter((line) => line.includes(`"certificate":"${NAME}"`))
}

/** A new nginx, which reads all files anew. */
async function restartEdge(): Promise<void> {
  await output('docker', ['kill', `${instance.name}-edge`])
  await eventually(WITHIN_MS, async () => expect(await shown('localhost')).toBeDefined())
}

type Files = { crt: string; key: string }
const DAMAGES: [string, (files: Files) => Promise<unknown>][] = [
  ['whose certificate is cut', ({ crt }) => truncate(crt, 100)],
  ['whose key is emptied', ({ key }) => truncate(key, 0)],
  [
    'that is swapped for another tenant’s',
    ({ crt, key }) => Promise.all([writeFile(crt, thief.certificate), writeFile(key, thief.key)]),
  ],
  ['whose key is another tenant’s', ({ key }) => writeFile(key, thief.key)],
  ['that is removed', ({ crt, key }) => Promise.all([rm(crt), rm(key)])],
  ['whose key is removed', ({ key }) => rm(key)],
  ['that nginx may not read', ({ key }) => chmod(key, 0o600)],
  [
    'in whose place is a folder',
    async ({ crt }) => {
      await rm(crt)
      await mkdir(crt)
    },
  ],
]

describe('a pair', () => {
  test.each(DAMAGES)('%s is written anew, and stops nobody', async (_how, damage) => {
    const files = await filesOf(NAME)
    const before = (await told()).length
    await damage(files)
    await changeAnother()
    expect(await shown(NAME)).toBe(fingerprint(own.certificate))
    expect(await readFile(files.crt, 'utf8')).toBe(own.certificate)
    expect(await readFile(files.key, 'utf8')).toBe(own.key)
    expect(await certificate()).toMatchObject({ state: 'valid', last_error: null })
    // More than once where it was seen half done, too.
    expect((await told()).length).toBeGreaterThan(before)
  })

  test('that is damaged while nginx starts is mended first', async () => {
    const files = await filesOf(NAME)
    await Promise.all([writeFile(files.crt, thief.certificate), writeFile(files.key, thief.key)])
    await restartEdge()
    await eventually(WITHIN_MS, async () => expect(await shown(NAME)).toBe(fingerprint(own.certificate)))
    await changeAnother()
  })
})

describe('a pair that the instance cannot mend', () => {
  const placeholder = async () => fingerprint(await readFile(join(certs, `self_${NAME}.crt`), 'utf8'))

  test('gives way to a placeholder, and stops nobody', async () => {
    const { key } = await filesOf(NAME)
    await meta`update public.certificates set key = 'v1.00000000.none' where name = ${NAME}`
    // Nothing is wrong as long as the files are whole.
    await changeAnother()
    expect(await shown(NAME)).toBe(fingerprint(own.certificate))
    await writeFile(key, thief.key)
    await changeAnother()
    await eventually(WITHIN_MS, async () => expect(await shown(NAME)).toBe(await placeholder()))
    expect(await shown(OTHERS)).toBe(fingerprint(thief.certificate))
  })

  test('is told of by the API and the command, and once in the log', async () => {
    expect(await certificate()).toMatchObject({
      ...{ state: 'damaged', source: null },
      last_error: {
        code: 'certificate-damaged',
        detail: expect.stringMatching(/the key belongs to another certificate.*Upload it again/),
      },
    })
    const { stdout } = await cli.run('certs', 'list', '--project', HURT)
    expect(stdout).toMatch(new RegExp(`${NAME}.*damaged.*certificate-damaged`))
    const page = await api.call('GET', '/problems/certificate-damaged')
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('How to mend it')])
    await changeAnother()
    expect((await told()).filter((line) => line.includes('certificate lost'))).toHaveLength(1)
    expect((await told()).join()).not.toContain('PRIVATE KEY')
  })

  test('stops no nginx from starting', async () => {
    await restartEdge()
    expect(await shown(NAME)).toBe(await placeholder())
    await changeAnother()
  })

  test('serves again once it is uploaded again', async () => {
    await upload(HURT, NAME, own)
    await eventually(WITHIN_MS, async () => expect(await shown(NAME)).toBe(fingerprint(own.certificate)))
    expect(await certificate()).toMatchObject({ state: 'valid', last_error: null })
  })
})

describe('a placeholder', () => {
  test.each([
    ['of the instance', 'localhost', 'localhost', 'cut'],
    ['of the instance', 'localhost', 'localhost', 'swapped'],
    ['of a name', `self_${BARE}`, BARE, 'cut'],
    ['of a name', `self_${BARE}`, BARE, 'swapped'],
    ['of a name', `self_${BARE}`, BARE, 'half removed'],
  ])('%s (%s) is made anew: %s, %s', async (_whose, file, name, how) => {
    const [crt, key] = [join(certs, `${file}.crt`), join(certs, `${file}.key`)]
    if (how === 'cut') await truncate(crt, 100)
    else if (how === 'half removed') await rm(key)
    else {
      await writeFile(crt, thief.certificate)
      await writeFile(key, thief.key)
    }
    await changeAnother()
    await eventually(WITHIN_MS, async () => {
      const text = await readFile(crt, 'utf8')
      expect(new X509Certificate(text).checkHost(name)).toBe(name)
      expect(await shown(name)).toBe(fingerprint(text))
    })
    expect(await shown(name)).not.toBe(fingerprint(thief.certificate))
  })
})

test('a key that nginx would refuse is refused when it is uploaded', async () => {
  const weak = ownCertificateOn(['rsa:1024'], NAME)
  const answer = await api.call('PUT', `/v1/projects/${HURT}/domains/${NAME}/certificate`, { body: weak })
  expect([answer.status, answer.body.code]).toEqual([422, 'certificate-unusable'])
})

describe('the pooler', () => {
  const shownByPooler = () => shownBy({ name: 'localhost', port: dbSessionPort, begin: beginAtPostgres })
  const placeholder = async () => fingerprint(await readFile(join(certs, 'localhost.crt'), 'utf8'))

  beforeAll(async () => {
    expect((await cli.run('db', 'expose', HURT, 'on', '--wait')).code).toBe(0)
  })

  test.each(['tls.crt', 'tls.key'])('does not start on a damaged copy of the pair: %s', async (file) => {
    await truncate(join(home, 'pooler/current', file), 10)
    await output('docker', ['kill', `${instance.name}-pooler`])
    await eventually(WITHIN_MS, async () => expect(await shownByPooler()).toBe(await placeholder()))
  })

  test('goes on with changes while the instance’s own pair is damaged', async () => {
    await truncate(join(certs, 'localhost.key'), 10)
    expect((await cli.run('db', 'expose', OTHER, 'on', '--wait')).code).toBe(0)
    await eventually(WITHIN_MS, async () => expect(await shownByPooler()).toBe(await placeholder()))
  })
})
