/** API tokens over HTTP. */
import { PageQuery, pageOf } from '@cascata/shared/contract/page'
import { CreatedToken, CreateToken, Token } from '@cascata/shared/contract/tokens'
import { LastOwnerToken, TokenNotFound } from '@cascata/shared/problems/access'
import { ProjectNotFound } from '@cascata/shared/problems/projects'
import { CursorInvalid } from '@cascata/shared/problems/request'
import type { App } from '../../app/app.ts'
import { endpoint, IdParam, json } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Tokens'

export function tokenRoutes({ tokens }: App) {
  const list = endpoint('GET /v1/tokens', {
    tag,
    summary: 'List API tokens, newest first',
    request: { query: PageQuery },
    answer: { status: 200, description: 'One page.', schema: pageOf(Token) },
    problems: [CursorInvalid],
  })
  const create = endpoint('POST /v1/tokens', {
    tag,
    summary: 'Make an API token',
    description: 'The answer is the only time it is shown.',
    request: { body: json(CreateToken) },
    answer: { status: 201, description: 'The token.', schema: CreatedToken },
    problems: [ProjectNotFound],
  })
  const revoke = endpoint('DELETE /v1/tokens/:id', {
    tag,
    summary: 'Revoke an API token',
    request: { params: IdParam },
    answer: { status: 204, description: 'Void from now on.' },
    problems: [TokenNotFound, LastOwnerToken],
  })

  return router()
    .openapi(list, async (c) => c.json(await tokens.list(c.req.valid('query'))))
    .openapi(create, async (c) => {
      c.header('cache-control', 'no-store')
      return c.json(await tokens.create(c.var.caller, c.req.valid('json')), 201)
    })
    .openapi(revoke, async (c) => {
      await tokens.revoke(c.var.caller, c.req.valid('param').id)
      return c.body(null, 204)
    })
}
