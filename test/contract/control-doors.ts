/** Between control in a test and what else is real there: to a project's runtime, and from the CLI. */
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createNetServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { TestControl } from './control.ts'

/** The runtime's socket, where control looks for it: a port's bytes, as they are. */
export async function openRuntimeDoor(folder: string, url: string): Promise<Server> {
  const { hostname, port } = new URL(url)
  const server = createNetServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) })
    client.pipe(upstream).pipe(client)
    for (const each of [client, upstream]) each.on('error', () => each.destroy())
  })
  await new Promise<void>((resolve) => server.listen(join(folder, '1.sock'), resolve))
  return server
}

/** @returns a profile of the CLI, by which it reaches this control as that owner. */
export async function serveControl(
  on: TestControl,
  { folder, owner }: { folder: string; owner: string },
): Promise<{ profile: string; close(): void }> {
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }
    const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])
    const init = { method: incoming.method ?? 'GET', headers: Object.fromEntries(headers), ...body }
    const answer = await on.http.request(incoming.url ?? '/', init)
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
    outgoing.end(Buffer.from(await answer.arrayBuffer()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const profile = join(folder, 'profile.json')
  await writeFile(profile, JSON.stringify({ control_url: `http://127.0.0.1:${port}`, token: owner }))
  return { profile, close: () => server.close() }
}
