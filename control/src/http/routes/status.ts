/** The instance itself: its status, and whether it is alive and ready. */
import { Status } from '@cascata/shared/contract/status'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Instance'
const Healthy = z.object({ status: z.literal('ok') })

export function statusRoutes({ status }: App) {
  const get = endpoint('GET /v1/status', {
    tag,
    summary: 'Show the instance',
    request: {},
    answer: { status: 200, description: 'The instance.', schema: Status },
  })
  const live = endpoint('GET /health/live', {
    tag,
    summary: 'The process answers',
    request: {},
    answer: { status: 200, description: 'It does.', schema: Healthy },
  })
  const ready = endpoint('GET /health/ready', {
    tag,
    summary: 'Requests can be served: the instance’s database answers',
    request: {},
    answer: { status: 200, description: 'They can.', schema: Healthy },
  })

  return router()
    .openapi(get, async (c) => c.json(await status.get()))
    .openapi(live, (c) => c.json({ status: 'ok' }))
    .openapi(ready, async (c) => {
      await status.ready()
      return c.json({ status: 'ok' })
    })
}
