/** Runs an argv in a container and gathers what it says, both streams apart. */
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { EngineUnavailable } from '@cascata/shared/problems/engine'
import type Docker from 'dockerode'
import type { ExecResult } from '../engine.ts'
import { call } from './call.ts'

const OUTPUT_BYTES_MAX = 4 * 1024 * 1024
const EXEC_TIMEOUT_MS = 30_000

export async function exec(
  docker: Docker,
  name: string,
  argv: readonly string[],
  timeoutMs = EXEC_TIMEOUT_MS,
): Promise<ExecResult> {
  const what = `run ${argv[0] ?? 'nothing'} in ${name}`
  const result = await call(
    what,
    async (abortSignal) => {
      const options = { Cmd: [...argv], AttachStdout: true, AttachStderr: true, abortSignal }
      const run = await docker.getContainer(name).exec(options)
      const stream = await run.start({ hijack: true, stdin: false })
      const stdout = gathered()
      const stderr = gathered()
      docker.modem.demuxStream(stream, stdout.sink, stderr.sink)
      const onAbort = () => stream.destroy(new Error(`no end after ${timeoutMs} ms`))
      abortSignal.addEventListener('abort', onAbort, { once: true })
      try {
        // The daemon closes its half when the command has ended; ours need not end.
        await finished(stream, { writable: false })
      } finally {
        abortSignal.removeEventListener('abort', onAbort)
        stream.destroy()
      }
      const { ExitCode } = await run.inspect()
      return { exitCode: ExitCode ?? -1, stdout: stdout.text(), stderr: stderr.text() }
    },
    { timeoutMs },
  )
  if (!result) throw EngineUnavailable(what)
  return result
}

function gathered() {
  const chunks: Buffer[] = []
  let bytes = 0
  const sink = new PassThrough()
  sink.on('data', (chunk: Buffer) => {
    if (bytes < OUTPUT_BYTES_MAX) chunks.push(chunk)
    bytes += chunk.length
  })
  return { sink, text: () => Buffer.concat(chunks).toString('utf8') }
}
