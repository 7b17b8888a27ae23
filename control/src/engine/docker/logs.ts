/** What a container wrote, line by line, both streams together in the order they came. */

import { PassThrough, type Readable } from 'node:stream'
import type Docker from 'dockerode'
import { call } from './call.ts'
import { linesOf } from './lines.ts'

type Options = { tail: number; follow: boolean; sinceMs?: number; signal?: AbortSignal }

export async function* logs(docker: Docker, name: string, options: Options): AsyncIterable<string> {
  const lines = new PassThrough()
  const source = await open(docker, name, options)
  docker.modem.demuxStream(source, lines, lines)
  source.on('end', () => lines.end())
  source.on('close', () => lines.end())
  // A follower that goes away, or a daemon that does, ends the lines: there is nothing to mend here.
  source.on('error', () => lines.end())
  const stop = () => source.destroy()
  options.signal?.addEventListener('abort', stop, { once: true })
  try {
    if (options.signal?.aborted) return
    yield* linesOf(lines)
  } finally {
    options.signal?.removeEventListener('abort', stop)
    source.destroy()
  }
}

async function open(docker: Docker, name: string, { tail, follow, sinceMs = 0 }: Options): Promise<Readable> {
  const container = docker.getContainer(name)
  const shown = { stdout: true, stderr: true, tail, since: sinceMs / 1000 }
  const found = await call(`read the log of ${name}`, async () =>
    follow
      ? await container.logs({ ...shown, follow: true })
      : whole(await container.logs({ ...shown, follow: false })),
  )
  return (found ?? new PassThrough().end()) as Readable
}

/** The daemon's answer without `follow` is a buffer of the same frames. */
function whole(frames: Buffer): Readable {
  const stream = new PassThrough()
  stream.end(frames)
  return stream
}
