/**
 * Load over HTTP/1.1 by h2load: written in C, it takes about a tenth of what the server takes, where a generator in
 * JavaScript takes more than the server. It comes with Debian's nghttp2-client.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { output, run } from '../../harness/run.ts'
import type { Weighed } from '../weigh.ts'
import { columnOf, type LoadRun, latencies } from './run.ts'

/** A unix socket, or an address with the name to ask it for. */
export type Target = { socket: string } | { address: string; port: number; host: string }

export type HttpLoad = {
  target: Target
  by: Weighed
  /** Each connection asks for them in turn. */
  paths: readonly string[]
  headers: Readonly<Record<string, string>>
  /** Makes each request a POST. */
  body?: string
  connections: number
  seconds: number
}

export async function ensureH2load(): Promise<void> {
  const there = await run('h2load', ['--version']).catch(() => undefined)
  if (there?.code === 0) return
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '-q', '--no-install-recommends', 'nghttp2-client']
  if ((await run('apt-get', install, { env })).code === 0) return
  await output('apt-get', ['update', '-q'], { env })
  await output('apt-get', install, { env })
}

export async function h2load(load: HttpLoad): Promise<LoadRun> {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-h2load-'))
  const [paths, body, log] = ['paths', 'body', 'log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  try {
    const base =
      'socket' in load.target ? 'http://localhost' : `http://${load.target.host}:${load.target.port}`
    await writeFile(paths, load.paths.map((path) => `${base}${path}\n`).join(''))
    if (load.body !== undefined) await writeFile(body, load.body)
    const [program, argv] = load.by.argv(
      'h2load',
      ...['--h1', '--threads=1', `--clients=${load.connections}`, `--duration=${load.seconds}`],
      ...[`--input-file=${paths}`, `--log-file=${log}`],
      'socket' in load.target
        ? `--base-uri=unix:${load.target.socket}`
        : `--connect-to=${load.target.address}:${load.target.port}`,
      ...Object.entries(load.headers).map(([name, value]) => `--header=${name}: ${value}`),
      ...(load.body === undefined ? [] : [`--data=${body}`]),
    )
    const text = await output(program, argv)
    return parseH2load(text, await readFile(log, 'utf8'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const REQUESTS =
  /^requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$/m
const STATUSES = /^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx$/m

/**
 * @param log `start us, status, us until the end` of each request, parted by tabs.
 * @throws when any request did not end in 2xx, or when there was none.
 */
export function parseH2load(text: string, log: string): LoadRun {
  const perSecond = Number(/^finished in [^,]+, ([\d.]+) req\/s,/m.exec(text)?.[1])
  const [, done, succeeded] = REQUESTS.exec(text)?.map(Number) ?? []
  const [, good] = STATUSES.exec(text)?.map(Number) ?? []
  if (done === undefined || good === undefined || Number.isNaN(perSecond))
    throw new Error(`h2load said something else than expected:\n${text}`)
  if (done === 0 || succeeded !== done || good !== done)
    throw new Error(`not every answer was a success:\n${summaryOf(text)}`)
  return { perSecond, answers: done, ...latencies(columnOf(log, '\t', 2)) }
}

const summaryOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => /^(finished|requests|status codes)/.test(line))
    .join('\n')
