/** The API's own description (OpenAPI 3.1), made of the same schemas that check its requests. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Env } from './env.ts'

const INTRODUCTION = `What Cascata should run is written here; it makes it so on its own time.

- Whoever starts work gets **202** with the resource and its \`operation\`; \`Location\` is where to follow it.
- Failures are \`application/problem+json\` (RFC 9457) with a stable \`code\`; \`type\` is a page about it.
- Lists come in pages: pass \`next_cursor\` on as \`cursor\` until it is null.
- A POST with an \`Idempotency-Key\` is done once for a token, however often it is sent within a day.
- A token that is tied to a project sees nothing else: what is foreign answers as if it were not there.`

export function apiDocument(http: OpenAPIHono<Env>, version: string) {
  http.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token, `cst_...`: scope `owner`, `admin` or `read`, for all projects or for one.',
  })
  return http.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Cascata control API',
      version,
      description: INTRODUCTION,
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
  })
}
