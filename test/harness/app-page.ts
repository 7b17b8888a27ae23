/** A static app with the real supabase-js, served on this machine under a name of its own, as a browser asks for it. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../fixtures/app')
const HTML = 'text/html; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'

export type AppPage = {
  /** `http://app.localhost:1234` */
  origin: string
  /** What the app is told of the project; it may be known later than the app's own address. */
  serve(project: { url: string; key: string }): void
  stop(): void
}

export async function startAppPage(): Promise<AppPage> {
  const library = dirname(createRequire(import.meta.url).resolve('@supabase/supabase-js/package.json'))
  const [page, app, client] = await Promise.all([
    readFile(join(FOLDER, 'index.html')),
    readFile(join(FOLDER, 'app.js')),
    readFile(join(library, 'dist/umd/supabase.js')),
  ])
  let project = {}
  const server = createServer((request, response) => {
    const send = (type: string, body: Buffer | string) =>
      response.writeHead(200, { 'content-type': type }).end(body)
    const path = request.url?.split('?')[0]
    if (path === '/supabase.js') return send(SCRIPT, client)
    if (path === '/project.js') return send(SCRIPT, `window.PROJECT = ${JSON.stringify(project)}`)
    if (path === '/app.js') return send(SCRIPT, app)
    if (path === '/pkce' || path === '/implicit') return send(HTML, page)
    return response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://app.localhost:${(server.address() as AddressInfo).port}`,
    serve(told) {
      project = told
    },
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
