/** A router whose checks fail as problems, and the answer that work has begun. */

import { RequestInvalid } from '@cascata/shared/problems/request'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Env } from './env.ts'

export const router = () =>
  new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (result.success) return
      const reasons = result.error.issues.map(({ path, message }) =>
        path.length === 0 ? message : `${path.join('.')}: ${message}`,
      )
      throw RequestInvalid(reasons.slice(0, 10).join('; '))
    },
  })

/** 202: the wish is written down; `Location` is where to see it come true. */
export const accepted = <Body extends { operation: { id: string } }>(c: Context<Env>, body: Body) =>
  c.json(body, 202, { location: `/v1/operations/${body.operation.id}` })
