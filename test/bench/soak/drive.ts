/** Fires the shots, so many at once, each on a connection that is kept unless it was hung up. */
import { Agent, request } from 'node:http'
import type { Shot } from './mix.ts'

export type Fired = { answered: number; aborted: number }

export type Gun = {
  /** Fires shots `from` up to before `to`. @throws on the first that is answered as it should not be. */
  fire(shotAt: (n: number) => Shot, from: number, to: number): Promise<Fired>
  close(): void
}

export function openGun(socket: string, atOnce: number): Gun {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  return {
    async fire(shotAt, from, to) {
      let next = from
      const fired: Fired = { answered: 0, aborted: 0 }
      const worker = async () => {
        for (let n = next++; n < to; n = next++) {
          const outcome = await fireOne({ socket, agent, shot: shotAt(n), n })
          fired[outcome] += 1
        }
      }
      await Promise.all(Array.from({ length: atOnce }, worker))
      return fired
    },
    close: () => agent.destroy(),
  }
}

type One = { socket: string; agent: Agent; shot: Shot; n: number }

function fireOne({ socket, agent, shot, n }: One): Promise<keyof Fired> {
  const { method, path, body, expect, abortMs } = shot
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const { promise, resolve, reject } = Promise.withResolvers<keyof Fired>()
  const sent = request({ socketPath: socket, agent, method, path, headers: { ...shot.headers, ...length } })
  sent.on('response', async (answer) => {
    const { statusCode = 0 } = answer
    const bad = !expect.includes(statusCode)
    let text = ''
    answer.on('data', (chunk: Buffer) => {
      if (bad && text.length < 500) text += chunk
    })
    answer.on('end', () => {
      if (!bad) return resolve('answered')
      reject(new Error(`shot ${n}: ${method} ${path.slice(0, 200)}: ${statusCode} for ${expect}: ${text}`))
    })
    answer.on('error', () => resolve('aborted'))
  })
  const hangUp = abortMs === undefined ? undefined : setTimeout(() => sent.destroy(), abortMs)
  sent.on('error', (error) => (abortMs === undefined ? reject(error) : resolve('aborted')))
  sent.on('close', () => {
    clearTimeout(hangUp)
    if (abortMs !== undefined) resolve('aborted')
  })
  sent.end(body)
  return promise
}
