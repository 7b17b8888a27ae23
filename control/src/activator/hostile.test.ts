/** The activator before a runtime that somebody else has taken over, and before connections that end at a bad moment. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Listening } from '../socket-listener.ts'
import { type ActivatorDeps, startActivator } from './activator.ts'
import { ACTIVATOR_LIMITS, type ActivatorLimits } from './limits.ts'

type Answer = { status: number; retryAfter: string | undefined; code: string | undefined }

let folder: string
let activator: Listening | undefined
let runtime: Server | undefined
/** Connections that the runtime has taken. */
let taken: Socket[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-hostile-'))
  taken = []
})
afterEach(async () => {
  for (const socket of taken) socket.destroy()
  runtime?.close()
  await activator?.close(0)
  await rm(folder, { recursive: true })
  ;[activator, runtime] = [undefined, undefined]
})

const runtimeSocket = () => join(folder, '1.sock')

/** Answers each request head with these bytes; with none it takes the connection and is silent. */
async function startRuntime(says?: string): Promise<void> {
  runtime = createServer((socket) => {
    taken.push(socket)
    socket.on('error', () => {})
    if (says !== undefined) socket.once('data', () => socket.end(Buffer.from(says, 'latin1')))
  })
  runtime.listen(runtimeSocket())
  await once(runtime, 'listening')
}

const start = async (deps: Partial<ActivatorDeps> = {}, limits: Partial<ActivatorLimits> = {}) => {
  activator = await startActivator(join(folder, 'activator.sock'), {
    ...{ reach: async () => runtimeSocket(), isServed: async () => true, log: { warn: () => {} } },
    ...deps,
    limits: { ...ACTIVATOR_LIMITS, ...limits },
  })
}

type Ask = { method?: string; upgrade?: boolean; signal?: AbortSignal }

async function ask({ method = 'GET', upgrade = false, signal }: Ask = {}): Promise<Answer> {
  const headers = { 'x-cascata-ref': 'shop', ...(upgrade && { connection: 'Upgrade', upgrade: 'websocket' }) }
  const socketPath = join(folder, 'activator.sock')
  const sent = request({ socketPath, method, headers, agent: false, ...(signal && { signal }) })
  sent.end()
  const [answer] = await once(sent, 'response')
  let body = ''
  for await (const chunk of answer) body += String(chunk)
  const isProblem = answer.headers['content-type'] === 'application/problem+json'
  return {
    status: answer.statusCode,
    retryAfter: answer.headers['retry-after'],
    code: isProblem ? (JSON.parse(body) as { code: string }).code : undefined,
  }
}

const LOST = { status: 502, code: 'answer-lost', retryAfter: undefined }

describe('an answer that is none', () => {
  test.each<[sentence: string, says: string]>([
    ['a status below all that there are', 'HTTP/1.1 042 x\r\nContent-Length: 0\r\n\r\n'],
    ['a status of nothing', 'HTTP/1.1 000 x\r\nContent-Length: 0\r\n\r\n'],
    ['a change of protocol that nobody asked for', 'HTTP/1.1 101 x\r\n\r\n'],
    [
      'a WebSocket that nobody asked for',
      'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    ['a value with a control character', 'HTTP/1.1 200 OK\r\nX: \u0001\r\nContent-Length: 0\r\n\r\n'],
    ['a name with a space', 'HTTP/1.1 200 OK\r\nX Y: 1\r\nContent-Length: 0\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH\r\n'],
    ['nothing but an end', ''],
  ])('is a 502, and control lives: %s', async (_sentence, says) => {
    await startRuntime(says)
    await start()
    expect(await ask({ method: 'POST' })).toEqual(LOST)
    if (!says.includes('websocket')) expect((await ask({ upgrade: true })).status).toBeOneOf([502, 503])
  })

  test.each(['O\u0001K', 'O\u007fK', '\u00e9', ''])(
    'is one all the same with the reason %j',
    async (reason) => {
      await startRuntime(`HTTP/1.1 200 ${reason}\r\nContent-Length: 0\r\n\r\n`)
      await start()
      for (const upgrade of [false, true]) expect((await ask({ upgrade })).status).toBeOneOf([200, 502, 503])
    },
  )

  test('comes again later where it was only to be read, and nobody answered', async () => {
    await startRuntime('')
    await start()
    expect(await ask()).toEqual({ status: 503, code: 'project-starting', retryAfter: '1' })
  })
})

/** The other side of a socket is told of its end in its own time. */
const allEnded = () =>
  Promise.all(taken.map((socket) => (socket.destroyed ? undefined : once(socket.resume(), 'close'))))

describe('a connection that nobody waits for any more', () => {
  const isTaken = async (count: number) => {
    while (taken.length < count) await once(runtime as Server, 'connection')
  }

  test('is not opened when the project comes up after the patience has ended', async () => {
    await startRuntime('HTTP/1.1 204 No Content\r\n\r\n')
    const awake = Promise.withResolvers<string>()
    await start({ reach: () => awake.promise }, { patienceMs: 20 })
    expect((await ask()).code).toBe('project-wake-failed')
    awake.resolve(runtimeSocket())
    expect((await ask()).status).toBe(204)
    expect(taken).toHaveLength(1)
  })

  test('is closed when the patience ends while it is being looked at', async () => {
    await startRuntime()
    await start({ isServed: () => new Promise(() => {}) }, { patienceMs: 200 })
    expect((await ask()).code).toBe('project-wake-failed')
    await isTaken(1)
    await allEnded()
  })

  test('is closed when its caller leaves', async () => {
    await startRuntime()
    await start({ isServed: () => new Promise(() => {}) })
    const leaving = new AbortController()
    const asked = ask({ signal: leaving.signal }).catch(() => 'left')
    await isTaken(1)
    leaving.abort()
    expect(await asked).toBe('left')
    await allEnded()
  })
})

/** Listens, and never gets to accept: the kernel alone has taken who connects, and resets them when it ends. */
const STUCK = `require('node:net').createServer().listen(process.argv[1], () => {
  require('node:fs').writeSync(1, 'up')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

test('a connection that is reset while it is being looked at makes way for the next', async () => {
  const stuckAt = join(folder, 'stuck.sock')
  const stuck = spawn(process.execPath, ['--eval', STUCK, stuckAt], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(stuck.stdout, 'data')
  await startRuntime('HTTP/1.1 204 No Content\r\n\r\n')
  const paths = [stuckAt, runtimeSocket()]
  await start({
    reach: async () => paths.shift() ?? '',
    isServed: async () => {
      if (stuck.exitCode !== null || stuck.signalCode !== null) return true
      stuck.kill('SIGKILL')
      await once(stuck, 'close')
      return true
    },
  })
  expect((await ask({ method: 'POST' })).status).toBe(204)
})
