/** Names of projects' own over HTTP. */
import { AttachDomain, ChangeDomain, ProjectDomain } from '@cascata/shared/contract/domains'
import {
  DomainAttached,
  DomainNotFound,
  DomainRedirectInvalid,
  DomainRedirectTarget,
  DomainReserved,
  DomainsExceeded,
  DomainTaken,
} from '@cascata/shared/problems/domains'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { ProjectDeleted, ProjectImporting } from '@cascata/shared/problems/projects'
import { PathNotFound } from '@cascata/shared/problems/request'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, json, RefParam } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Domains'
const NameParam = RefParam.extend({
  name: z.string().max(1_000).openapi({ description: 'The attached name.', example: 'shop.example' }),
})
const busy = [ProjectDeleted, ProjectImporting, OperationUnderWay]
const shown = { status: 200, description: 'The domain.', schema: ProjectDomain }

export function domainRoutes({ domains }: App) {
  const list = endpoint('GET /v1/projects/:ref/domains', {
    tag,
    summary: 'List a project’s own names',
    request: { params: RefParam },
    answer: { status: 200, description: 'All of them.', schema: z.object({ items: z.array(ProjectDomain) }) },
  })
  const attach = endpoint('POST /v1/projects/:ref/domains', {
    tag,
    summary: 'Attach a name',
    description:
      'It is served once a record of its DNS shows that it is yours: the answer names the records.',
    request: { params: RefParam, body: json(AttachDomain) },
    answer: { status: 201, description: 'Claimed; looked at by itself from now on.', schema: ProjectDomain },
    problems: [
      ...[DomainAttached, DomainTaken, DomainReserved, DomainsExceeded, DomainRedirectInvalid],
      ...busy,
    ],
  })
  const get = endpoint('GET /v1/projects/:ref/domains/:name', {
    tag,
    summary: 'Show a name, and the records it needs',
    request: { params: NameParam },
    answer: shown,
    problems: [DomainNotFound],
  })
  const change = endpoint('PATCH /v1/projects/:ref/domains/:name', {
    tag,
    summary: 'Change where a name leads',
    description: 'What is not named stays.',
    request: { params: NameParam, body: json(ChangeDomain) },
    answer: shown,
    problems: [DomainNotFound, DomainRedirectInvalid, ...busy],
  })
  const detach = endpoint('DELETE /v1/projects/:ref/domains/:name', {
    tag,
    summary: 'Detach a name',
    description: 'It is served no longer, and its certificate and key are removed.',
    request: { params: NameParam },
    answer: { status: 204, description: 'Gone.' },
    problems: [DomainNotFound, DomainRedirectTarget, ...busy],
  })
  const check = endpoint('POST /v1/projects/:ref/domains/:name/check', {
    tag,
    summary: 'Look at a name’s records now',
    request: { params: NameParam },
    answer: shown,
    problems: [DomainNotFound, ...busy],
  })
  const proof = endpoint('GET /.well-known/cascata-proof/:proof', {
    tag,
    summary: 'Show that a claimed name leads here',
    request: { params: z.object({ proof: z.string().max(200) }) },
    answer: { status: 200, description: 'The proof that was asked for.', type: 'text/plain' },
    problems: [PathNotFound],
  })

  return router()
    .openapi(list, async (c) => c.json({ items: await domains.list(c.var.caller, c.req.valid('param').ref) }))
    .openapi(attach, async (c) =>
      c.json(await domains.attach(c.var.caller, c.req.valid('param').ref, c.req.valid('json')), 201),
    )
    .openapi(get, async (c) => {
      const { ref, name } = c.req.valid('param')
      return c.json(await domains.get(c.var.caller, ref, name))
    })
    .openapi(change, async (c) =>
      c.json(await domains.change(c.var.caller, c.req.valid('param'), c.req.valid('json'))),
    )
    .openapi(detach, async (c) => {
      await domains.detach(c.var.caller, c.req.valid('param'))
      return c.body(null, 204)
    })
    .openapi(check, async (c) => c.json(await domains.check(c.var.caller, c.req.valid('param'))))
    .openapi(proof, async (c) => {
      const found = await domains.proofOn(c.req.header('host') ?? '', c.req.valid('param').proof)
      if (found === undefined) throw PathNotFound()
      return c.text(found)
    })
}
