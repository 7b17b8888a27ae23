/** A name server of the tests' own: Debian's pebble-challtestsrv, which says what it is told to. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { eventually } from './eventually.ts'
import { output, run } from './run.ts'

export type TestNames = {
  /** On all addresses of this machine. */
  port: number
  /** Of either version. */
  address(host: string, ...addresses: string[]): Promise<void>
  alias(host: string, target: string): Promise<void>
  text(host: string, value: string): Promise<void>
  /** Answers nothing about it from now on. */
  fails(host: string): Promise<void>
  forget(host: string): Promise<void>
  stop(): Promise<void>
}

const START_MS_MAX = 10_000

export async function startNames(): Promise<TestNames> {
  await ensurePebble()
  const [port, management] = [await freePort(), await freePort()]
  const child = spawn(
    'pebble-challtestsrv',
    [
      ...['-dns01', `:${port}`, '-management', `127.0.0.1:${management}`],
      ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
      ...['-defaultIPv4', '', '-defaultIPv6', ''],
    ],
    { stdio: 'ignore' },
  )
  const tell = async (what: string, body: object) => {
    const init = { method: 'POST', body: JSON.stringify(body) }
    const { status } = await fetch(`http://127.0.0.1:${management}/${what}`, init)
    if (status !== 200) throw new Error(`the name server took ${what} with ${status}`)
  }
  const full = (host: string) => `${host}.`
  const forget = async (host: string) => {
    for (const what of ['clear-a', 'clear-aaaa', 'clear-cname', 'clear-servfail'])
      await tell(what, { host: full(host) })
    await tell('clear-txt', { host: `_cascata.${full(host)}` })
  }
  await eventually(START_MS_MAX, () => tell('clear-a', { host: 'nobody.test.' }))
  return {
    port,
    async address(host, ...addresses) {
      const [six, four] = [true, false].map((isSix) =>
        addresses.filter((each) => each.includes(':') === isSix),
      )
      if (six?.length) await tell('add-aaaa', { host: full(host), addresses: six })
      if (four?.length) await tell('add-a', { host: full(host), addresses: four })
    },
    alias: (host, target) => tell('set-cname', { host: full(host), target: full(target) }),
    text: (host, value) => tell('set-txt', { host: full(host), value }),
    fails: (host) => tell('set-servfail', { host: full(host) }),
    forget,
    async stop() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Debian's package holds pebble, too. */
export async function ensurePebble(): Promise<void> {
  const there = await run('pebble-challtestsrv', ['-h']).catch(() => undefined)
  if (there !== undefined) return
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '-q', '--no-install-recommends', 'pebble']
  if ((await run('apt-get', install, { env })).code === 0) return
  await output('apt-get', ['update', '-q'], { env })
  await output('apt-get', install, { env })
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
