/** Control's HTTP, served on a unix socket that only the edge (by group) and root may connect to. */
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { KEEP_ALIVE_MS, type Listening, listenOnSocket } from '../socket-listener.ts'

type Fetch = (request: Request) => Response | Promise<Response>

export function listenOn(socket: string, fetch: Fetch): Promise<Listening> {
  const server = createServer(
    // No time limit on a whole request: archives of many gigabytes are uploaded through here.
    { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 30_000, requestTimeout: 0 },
    getRequestListener(fetch),
  )
  return listenOnSocket(server, socket)
}
