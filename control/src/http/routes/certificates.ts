/** Certificates over HTTP: the instance's and the projects', and what may be done about one. */
import { Certificate, Certificates, UploadCertificate } from '@cascata/shared/contract/certificates'
import {
  AcmeOff,
  CertificateChainBroken,
  CertificateExpired,
  CertificateKeyMismatch,
  CertificateNameMissing,
  CertificateNotFound,
  CertificateUnreadable,
} from '@cascata/shared/problems/certificates'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, json, RefParam } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Certificates'
const Name = { name: z.string().min(1).max(255) }
const RefName = RefParam.extend(Name)

export function certificateRoutes({ certificates }: App) {
  const list = endpoint('GET /v1/certificates', {
    tag,
    summary: 'List all certificates',
    request: {},
    answer: { status: 200, description: 'One for each name.', schema: Certificates },
  })
  const listOf = endpoint('GET /v1/projects/:ref/certificates', {
    tag,
    summary: 'List the certificates of a project’s names',
    request: { params: RefParam },
    answer: { status: 200, description: 'One for each name.', schema: Certificates },
  })
  const renewal = {
    tag,
    summary: 'Ask for a new certificate now',
    description: 'As soon as the authority’s limits allow; `next_try_at` tells when that is.',
    answer: { status: 202, description: 'It is being asked for.', schema: Certificate },
    problems: [CertificateNotFound, AcmeOff],
  }
  const renew = endpoint('POST /v1/certificates/:name/renew', {
    ...renewal,
    request: { params: z.object(Name) },
  })
  const renewOf = endpoint('POST /v1/projects/:ref/certificates/:name/renew', {
    ...renewal,
    request: { params: RefName },
  })
  const upload = endpoint('PUT /v1/projects/:ref/domains/:name/certificate', {
    tag,
    summary: 'Upload a certificate of your own',
    description: 'It serves its name until it is removed or near its end.',
    request: { params: RefName, body: json(UploadCertificate) },
    answer: { status: 200, description: 'Taken; soon served.', schema: Certificate },
    problems: [
      ...[CertificateNotFound, CertificateUnreadable, CertificateKeyMismatch, CertificateChainBroken],
      ...[CertificateNameMissing, CertificateExpired],
    ],
  })
  const remove = endpoint('DELETE /v1/projects/:ref/domains/:name/certificate', {
    tag,
    summary: 'Remove an uploaded certificate',
    request: { params: RefName },
    answer: { status: 204, description: 'Gone; soon another one serves the name.' },
    problems: [CertificateNotFound],
  })

  return router()
    .openapi(list, async (c) => c.json({ items: await certificates.list() }))
    .openapi(listOf, async (c) =>
      c.json({ items: await certificates.listOf(c.var.caller, c.req.valid('param').ref) }),
    )
    .openapi(renew, async (c) => {
      const { name } = c.req.valid('param')
      return c.json(await certificates.renew(c.var.caller, { ref: null, name }), 202)
    })
    .openapi(renewOf, async (c) => c.json(await certificates.renew(c.var.caller, c.req.valid('param')), 202))
    .openapi(upload, async (c) => {
      const wish = { ...c.req.valid('param'), upload: c.req.valid('json') }
      return c.json(await certificates.upload(c.var.caller, wish), 200)
    })
    .openapi(remove, async (c) => {
      await certificates.removeUpload(c.var.caller, c.req.valid('param'))
      return c.body(null, 204)
    })
}
