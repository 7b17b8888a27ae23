/** Looks into a running Node process through its inspector: the heap after a full collection, and a snapshot of it. */

import { once } from 'node:events'
import { createServer } from 'node:net'

export type HeapMb = { heapMb: number; externalMb: number }

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

/** One session for all questions: Node says on standard error when one begins and ends. */
export type Inspector = {
  collectedHeap(): Promise<HeapMb>
  /** For a person with a browser's memory tool. */
  writeSnapshot(file: string): Promise<string>
  close(): void
}

export async function openInspector(port: number): Promise<Inspector> {
  const { call, close } = await openSession(port)
  const evaluate = async (expression: string): Promise<string> => {
    const answer = await call('Runtime.evaluate', { expression, returnByValue: true })
    const { result } = answer as { result: { value?: string; description?: string } }
    if (result.value === undefined) throw new Error(`${expression}: ${result.description}`)
    return result.value
  }
  return {
    async collectedHeap() {
      await call('HeapProfiler.collectGarbage', {})
      const usage = JSON.parse(await evaluate('JSON.stringify(process.memoryUsage())')) as NodeJS.MemoryUsage
      return { heapMb: usage.heapUsed / 2 ** 20, externalMb: usage.external / 2 ** 20 }
    },
    writeSnapshot: (file) =>
      evaluate(`process.getBuiltinModule('node:v8').writeHeapSnapshot(${JSON.stringify(file)})`),
    close,
  }
}

type Session = { call(method: string, params: object): Promise<unknown>; close(): void }
type Said = { id: number; result: unknown; error?: { message: string } }

async function openSession(port: number): Promise<Session> {
  const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
  const [target] = targets as { webSocketDebuggerUrl: string }[]
  if (!target) throw new Error('the inspector has nothing to look at')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  const { promise: opened, resolve, reject } = Promise.withResolvers<void>()
  socket.addEventListener('open', () => resolve())
  socket.addEventListener('error', () => reject(new Error('the inspector does not answer')))
  await opened
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(String(data)) as Said
    if (error) waiting.get(id)?.reject(new Error(error.message))
    else waiting.get(id)?.resolve(result)
    waiting.delete(id)
  })
  socket.addEventListener('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the inspector hung up'))
  })
  let last = 0
  return {
    call(method, params) {
      const answer = Promise.withResolvers<unknown>()
      waiting.set(++last, answer)
      socket.send(JSON.stringify({ id: last, method, params }))
      return answer.promise
    },
    close: () => socket.close(),
  }
}
