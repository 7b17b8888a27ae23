/** A project's logs over HTTP: lines at once, or events as they come. */
import { StreamsExceeded } from '@cascata/shared/problems/access'
import type { SSEMessage } from 'hono/streaming'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, RefParam } from '../endpoint.ts'
import { LOG_TAIL_MAX } from '../limits.ts'
import { router } from '../router.ts'
import type { Streams } from '../stream.ts'

const LogQuery = z.object({
  role: z.enum(['runtime', 'db']).default('runtime'),
  tail: z.coerce.number().int().min(0).max(LOG_TAIL_MAX).default(100),
  follow: z.stringbool().default(false),
})

export function logRoutes({ logs }: App, streams: Streams) {
  const read = endpoint('GET /v1/projects/:ref/logs', {
    tag: 'Logs',
    summary: 'Read what a project’s containers wrote',
    description:
      'The last lines; with `follow=true` a stream of events instead, one `log` for each line as it comes.',
    request: { params: RefParam, query: LogQuery },
    answer: { status: 200, description: 'The last lines.', schema: z.object({ lines: z.array(z.string()) }) },
    problems: [StreamsExceeded],
  })

  return router().openapi(read, async (c) => {
    const { ref } = c.req.valid('param')
    const query = c.req.valid('query')
    if (query.follow) {
      return streams.events(c, (signal) => toEvents(logs.read(c.var.caller, ref, { ...query, signal })))
    }
    const lines: string[] = []
    for await (const line of await logs.read(c.var.caller, ref, query)) lines.push(line)
    return c.json({ lines })
  })
}

async function* toEvents(reading: Promise<AsyncIterable<string>>): AsyncGenerator<SSEMessage | null> {
  const lines = await reading
  // At once, so that the answer begins although nothing is written yet.
  yield null
  for await (const line of lines) yield { event: 'log', data: line }
}
