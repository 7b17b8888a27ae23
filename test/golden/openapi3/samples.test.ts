/** Each sample command of a small schema, run by the real curl as it stands: only the key is put in. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'
import { startTestRuntime, type TestRuntime } from '../../harness/runtime.ts'
import { type Document, restOperationsOf } from './document.ts'

const run = promisify(execFile)

let pg: TestPostgres
let runtime: TestRuntime
beforeAll(async () => {
  pg = await startPostgres()
  await pg
    .as('postgres')
    .unsafe(await readFile(new URL('schema.sql', import.meta.url), 'utf8'))
    .simple()
  runtime = await startTestRuntime(pg, { schemas: ['public', 'shop'] })
})
afterAll(async () => {
  await runtime?.stop()
  await pg?.stop()
})

/** As a shell splits it, where nothing stands in single quotes but plain text. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')

async function curl(source: string, key: string): Promise<{ status: number; body: string }> {
  const [program = '', ...argv] = words(source.replaceAll('YOUR_API_KEY', key))
  const { stdout } = await run(program, [
    '--silent',
    '--show-error',
    '--write-out',
    '\n%{http_code}',
    ...argv,
  ])
  const end = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) }
}

/** Read, write, call, then delete: rows that point at others come after them, and go with them. */
const VERBS = ['get', 'post', 'patch', 'delete']
const FIRST = ['insert_customers', 'insert_orders']
const place = ({ verb, id }: { verb: string; id: string }) =>
  VERBS.indexOf(verb) * 2 + Number(!FIRST.includes(id))

async function samplesFor(key: string, profile: string) {
  const headers = { apikey: key, 'accept-profile': profile }
  const document = (await (await fetch(`${runtime.url}/openapi.json`, { headers })).json()) as Document
  return restOperationsOf(document)
    .map(({ verb, operation }) => ({
      verb,
      id: operation.operationId,
      sample: operation['x-codeSamples'][0],
    }))
    .sort((a, b) => place(a) - place(b))
}

test('is one line of plain quotes, without a key', async () => {
  for (const { sample } of await samplesFor(runtime.keys.service, 'public')) {
    expect(sample?.lang).toBe('Shell')
    expect(sample?.source).toMatch(/^curl -X [A-Z]+ 'http[^'\s]+'( -[Hd] '[^']*')+$/)
    expect(sample?.source).toContain("-H 'apikey: YOUR_API_KEY'")
    expect(sample?.source).not.toContain(runtime.keys.service)
  }
})

test.each([
  ['service', 'public', 50],
  ['service', 'shop', 4],
  ['anon', 'public', 14],
] as const)('run as %s in %s every one of them succeeds', async (who, profile, atLeast) => {
  const key = runtime.keys[who]
  const samples = await samplesFor(key, profile)
  expect(samples.length).toBeGreaterThanOrEqual(atLeast)
  const failed: string[] = []
  for (const { id, sample } of samples) {
    const { status, body } = await curl(sample?.source ?? '', key)
    if (status < 200 || status > 299) failed.push(`${id}: ${status} ${body}\n${sample?.source}`)
  }
  expect(failed).toEqual([])
})
