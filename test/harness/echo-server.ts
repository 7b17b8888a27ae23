/** A server that says what it was asked, and gives back what it is sent behind an upgrade. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { z } from 'zod'

/** @param name tells several of them apart. */
export function echoServer(name: string): Server {
  // As the runtime's: nginx drops its kept connections before that.
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, answer) => {
    request.resume().on('end', () => {
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify(saidOf(name, request)))
    })
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    // Nothing of the request's own words: they may be no header's.
    const protocol = 'Upgrade: websocket\r\nConnection: Upgrade'
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${protocol}\r\n\r\n`)
    socket.write(JSON.stringify(saidOf(name, request)))
    socket.write(head)
    socket.pipe(socket)
  })
  return server
}

type Asked = { method?: string | undefined; url?: string | undefined; headers: IncomingHttpHeaders }

const saidOf = (name: string, { method, url, headers }: Asked) => ({ name, method, url, headers })

export const Echo = z.object({
  name: z.string(),
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.unknown()),
})
