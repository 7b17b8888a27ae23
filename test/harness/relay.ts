/**
 * Makes what listens on this machine's loopback reachable inside a container under the very same address: a small container
 * beside it, in its network namespace, passes bytes on through a unix socket. It ends with the test that made it.
 */
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { testConfig } from './config.ts'
import { output } from './run.ts'

export type Relay = { stop(): Promise<void> }

const INSIDE = `
  const net = require('node:net')
  const server = net.createServer((near) => {
    const far = net.connect('/relay/out.sock')
    near.pipe(far).pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  server.listen(Number(process.argv[1]), '127.0.0.1', () => {
    const life = net.connect('/relay/life.sock')
    life.on('error', () => undefined).on('close', () => process.exit())
  })`

export async function relayInto(container: string, port: number): Promise<Relay> {
  const folder = await mkdtemp('/var/tmp/cascata-relay-')
  await chmod(folder, 0o755)
  const [out, life] = [createServer(), createServer()]
  out.on('connection', (near) => {
    const far = connect(port, '127.0.0.1')
    near.pipe(far).pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  await listenAt(out, join(folder, 'out.sock'))
  await listenAt(life, join(folder, 'life.sock'))
  // It is there once it listens.
  const arrived = once(life, 'connection')
  await output('docker', [
    ...['run', '--detach', '--rm', '--label=dev.cascata.test=relay', `--network=container:${container}`],
    ...['--cap-drop=ALL', '--security-opt=no-new-privileges', '--memory=64m', `--volume=${folder}:/relay`],
    ...['--entrypoint=node', `cascata-runtime:${testConfig.imageTag}`, '-e', INSIDE, String(port)],
  ])
  const [alive] = await arrived
  return {
    async stop() {
      alive.destroy()
      out.close()
      life.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function listenAt(server: Server, path: string): Promise<void> {
  server.listen(path)
  await once(server, 'listening')
  // Whoever the image's user is.
  await chmod(path, 0o666)
}
