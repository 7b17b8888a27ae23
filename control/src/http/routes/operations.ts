/** Operations over HTTP: polled, or followed as events. */
import { Operation } from '@cascata/shared/contract/operations'
import { PageQuery, pageOf } from '@cascata/shared/contract/page'
import { StreamsExceeded } from '@cascata/shared/problems/access'
import { OperationNotFound } from '@cascata/shared/problems/operations'
import { CursorInvalid } from '@cascata/shared/problems/request'
import type { SSEMessage } from 'hono/streaming'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, IdParam } from '../endpoint.ts'
import { router } from '../router.ts'
import type { Streams } from '../stream.ts'

const tag = 'Operations'

export function operationRoutes({ operations }: App, streams: Streams) {
  const list = endpoint('GET /v1/operations', {
    tag,
    summary: 'List operations, newest first',
    request: { query: PageQuery.extend({ ref: z.string().max(100).optional() }) },
    answer: { status: 200, description: 'One page.', schema: pageOf(Operation) },
    problems: [CursorInvalid],
  })
  const get = endpoint('GET /v1/operations/:id', {
    tag,
    summary: 'Show an operation',
    request: { params: IdParam },
    answer: { status: 200, description: 'The operation.', schema: Operation },
    problems: [OperationNotFound],
  })
  const follow = endpoint('GET /v1/operations/:id/events', {
    tag,
    summary: 'Follow an operation',
    description:
      'An event `operation` with the resource now and at each change; the stream ends when it has finished.',
    request: { params: IdParam },
    answer: { status: 200, description: 'Events.', type: 'text/event-stream' },
    problems: [OperationNotFound, StreamsExceeded],
  })

  return router()
    .openapi(list, async (c) => c.json(await operations.list(c.var.caller, c.req.valid('query'))))
    .openapi(get, async (c) => c.json(await operations.get(c.var.caller, c.req.valid('param').id)))
    .openapi(follow, (c) =>
      streams.events(c, (signal) =>
        toEvents(operations.follow(c.var.caller, c.req.valid('param').id, signal)),
      ),
    )
}

async function* toEvents(states: AsyncIterable<Operation | null>): AsyncGenerator<SSEMessage | null> {
  for await (const state of states) {
    yield state && { event: 'operation', id: state.updated_at, data: JSON.stringify(state) }
  }
}
