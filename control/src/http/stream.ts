/** Server-sent events: bounded in number, ended when the client goes. */
import { StreamsExceeded } from '@cascata/shared/problems/access'
import type { Context } from 'hono'
import { type SSEMessage, streamSSE } from 'hono/streaming'
import type { Env } from './env.ts'
import { STREAM_RETRY_MS, STREAMS_MAX } from './limits.ts'

export type Streams = {
  /** Sends what the iterable gives until it ends; null keeps the line warm. */
  events(
    c: Context<Env>,
    source: (signal: AbortSignal) => AsyncIterable<SSEMessage | null>,
  ): Promise<Response>
}

export function openStreams(): Streams {
  let open = 0
  return {
    async events(c, source) {
      if (open >= STREAMS_MAX) throw StreamsExceeded()
      const gone = new AbortController()
      const messages = source(gone.signal)[Symbol.asyncIterator]()
      // The first is awaited here: what is not there, or not to be seen, is answered as a problem, not as a stream.
      let next = await messages.next()
      open += 1
      const response = streamSSE(c, async (stream) => {
        stream.onAbort(() => gone.abort())
        try {
          while (!next.done && !stream.aborted) {
            if (next.value === null) await stream.write(': \n\n')
            else await stream.writeSSE({ retry: STREAM_RETRY_MS, ...next.value })
            next = await messages.next()
          }
        } finally {
          open -= 1
          gone.abort()
          await messages.return?.()
        }
      })
      // nginx would otherwise hold events back to fill its buffers.
      response.headers.set('x-accel-buffering', 'no')
      return response
    },
  }
}
