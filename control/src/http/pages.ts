/**
 * The pages people open: console, API reference, and what each problem means. All of it is served from here, under a
 * policy that lets nothing else in; no file is served whose name is not listed or checked.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PathNotFound } from '@cascata/shared/problems/request'
import { type Context, Hono } from 'hono'
import type { Env, HttpDeps } from './env.ts'
import { markdownToHtml } from './markdown.ts'

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
}
const CONSOLE_FILES = new Set(['style.css', 'claim.js', 'console.js', 'api.js'])
const REFERENCE_FILES = new Set(['swagger-ui.css', 'swagger-ui-bundle.js'])

/** No icon is served: an empty one keeps browsers from asking for it. */
const headOf = (title: string, stylesheet: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${stylesheet}">`

const REFERENCE_HTML = `${headOf('Cascata control API', '/reference/swagger-ui.css')}
<div id="reference"></div>
<script src="/reference/swagger-ui-bundle.js"></script>
<script src="/reference/start.js"></script>
</html>
`
const REFERENCE_START = `const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()
SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true, persistAuthorization: false })
`
const PROBLEM_HTML = `${headOf('Cascata: a problem', '/console/style.css')}
<header><p class="brand"><a href="/">Cascata</a></p><nav><a href="/reference">API reference</a></nav></header>
<main><article></article></main>
</html>
`

type File = { body: Buffer; etag: string; type: string }

export function pageRoutes({ assets }: Pick<HttpDeps, 'assets'>) {
  const read = new Map<string, Promise<File>>()

  /** Each file is read once: what a release ships does not change under it. */
  function fileAt(directory: string, name: string): Promise<File> {
    const path = join(directory, name)
    const file = read.get(path) ?? readFile(path).then((body) => toFile(body, name))
    read.set(path, file)
    file.catch(() => read.delete(path))
    return file.catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? PathNotFound() : error
    })
  }

  const consolePage = async (c: Context<Env>) => send(c, await fileAt(assets.console, 'index.html'))

  return new Hono<Env>()
    .get('/', consolePage)
    .get('/claim', consolePage)
    .get('/console/:file', async (c) => {
      const { file } = c.req.param()
      if (!CONSOLE_FILES.has(file)) throw PathNotFound()
      return send(c, await fileAt(assets.console, file))
    })
    .get('/reference', (c) => send(c, toFile(Buffer.from(REFERENCE_HTML), 'index.html')))
    .get('/reference/:file', async (c) => {
      const { file } = c.req.param()
      if (file === 'start.js') return send(c, toFile(Buffer.from(REFERENCE_START), file))
      if (!REFERENCE_FILES.has(file)) throw PathNotFound()
      return send(c, await fileAt(assets.reference, file))
    })
    .get('/problems/:code', async (c) => {
      const { code } = c.req.param()
      if (!/^[a-z][a-z0-9-]{0,60}$/.test(code)) throw PathNotFound()
      const text = await fileAt(assets.problems, `${code}.md`)
      return send(c, c.req.header('accept')?.includes('text/html') ? asPage(text) : text)
    })
}

const toFile = (body: Buffer, name: string): File => ({
  body,
  etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
  type: TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
})

function send(c: Context<Env>, { body, etag, type }: File): Response {
  const headers = { 'content-security-policy': PAGE_POLICY, 'cache-control': 'no-cache', etag }
  if (c.req.header('if-none-match') === etag) return new Response(null, { status: 304, headers })
  return new Response(new Uint8Array(body), { headers: { ...headers, 'content-type': type } })
}

/** A browser would download Markdown; it is made to be read as a page. */
const asPage = ({ body }: File): File =>
  toFile(
    Buffer.from(PROBLEM_HTML.replace('<article>', () => `<article>${markdownToHtml(body.toString())}`)),
    'page.html',
  )
