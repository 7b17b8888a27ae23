/**
 * `pnpm conformance`: how many of the cases in a file the runtime answers as PostgREST does, per configuration.
 *
 * CASCATA_CONFORMANCE_CASES names the file, CASCATA_CONFORMANCE_DB the database that holds the fixtures the cases speak
 * of (a URI of its authenticator). Neither is part of the repository; without them there is nothing to do. `-v` tells
 * each difference; further words choose configurations by what their keys contain.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testConfig } from '../harness/config.ts'
import { eventually } from '../harness/eventually.ts'
import { type Configuration, configurationsOf, readCases, type Settings } from './case.ts'
import { differences } from './check.ts'
import { type Reply, send } from './send.ts'
import { settingsOf } from './settings.ts'

const START_WITHIN_MS = 30_000
const RUNTIME = fileURLToPath(new URL('../../runtime/bin.mjs', import.meta.url))

const say = (text: string) => process.stdout.write(`${text}\n`)

type Score = { passed: number; total: number }
type Asked = { verbose: boolean; folder: string; database: string }

async function main(args: readonly string[]): Promise<void> {
  const { conformanceCases: file, conformanceDatabase: database } = testConfig
  if (!file || !database) {
    say('CASCATA_CONFORMANCE_CASES and CASCATA_CONFORMANCE_DB are not set: nothing to compare with.')
    return
  }
  const words = args.filter((each) => !each.startsWith('-'))
  const wanted = configurationsOf(readCases(file), settingsOf).filter(
    ({ key }) => words.length === 0 || words.some((word) => key.includes(word)),
  )
  const folder = await mkdtemp(join(tmpdir(), 'cascata-conformance-'))
  const asked = { verbose: args.includes('-v'), folder, database }
  const scores = new Map<string, Score>()
  for (const configuration of wanted) {
    const score = scores.get(configuration.key) ?? { passed: 0, total: 0 }
    scores.set(configuration.key, score)
    await runConfiguration(configuration, score, asked)
  }
  await rm(folder, { recursive: true })
  report(scores)
}

function report(scores: ReadonlyMap<string, Score>): void {
  const width = Math.max(...[...scores.keys()].map((key) => key.length))
  for (const [key, { passed, total }] of scores) say(`${key.padEnd(width)} ${passed}/${total}`)
  const others = [...scores].filter(([key]) => key !== 'base').map(([, score]) => score)
  const sum = (field: keyof Score) => others.reduce((total, score) => total + score[field], 0)
  say(`${'all but base'.padEnd(width)} ${sum('passed')}/${sum('total')}`)
}

async function runConfiguration({ settings, groups }: Configuration, score: Score, asked: Asked) {
  const runtime = await start(settings, asked)
  for (const group of groups) {
    const replies: Reply[] = []
    for (const each of group) {
      const found = await send(runtime.base, each, replies).then(
        (reply) => {
          replies[each.step] = reply
          return differences(each, reply)
        },
        (error: unknown) => [String(error)],
      )
      score.total += 1
      if (found.length === 0) score.passed += 1
      else if (asked.verbose)
        say(`${each.file}:${each.line} ${each.method} ${each.path}\n    ${found.join('\n    ')}`)
    }
  }
  await runtime.stop()
}

async function start(settings: Settings, { folder, database }: Asked) {
  const port = await freePort()
  const file = join(folder, `${port}.json`)
  await writeFile(file, JSON.stringify({ ...settings, 'db-uri': database, 'server-port': port }))
  const child = spawn(process.execPath, [RUNTIME, '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  await eventually(START_WITHIN_MS, async () => {
    if (child.exitCode !== null) return
    const { status } = await fetch(`${url}/health/ready`)
    if (status !== 200) throw new Error(`not ready: ${status}`)
  })
  return { base: new URL(`${url}/rest/v1`), stop: () => stop(child) }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port to be had')
  return address.port
}

await main(process.argv.slice(2))
