/** A server that fails whatever it is asked, and says aloud all that it was sent. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Parrot = { url: string; close(): void }

export async function startParrot(): Promise<Parrot> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => {
      body += piece
    })
    request.on('end', () => {
      const message = `${body} ${JSON.stringify(request.headers)}`
      response
        .writeHead(500, { 'content-type': 'application/json' })
        .end(JSON.stringify({ message, error: 'bad', error_description: body }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}
