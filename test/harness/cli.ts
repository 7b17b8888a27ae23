/** The `cascata` command as a person or a script runs it: another process, its exit code, its streams. */
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { run } from './run.ts'

const BIN = fileURLToPath(new URL('../../control/cli/bin.mjs', import.meta.url))

export type CliAnswer = { code: number; stdout: string; stderr: string }

export type Cli = {
  run(...argv: string[]): Promise<CliAnswer>
  /** Adds `--json`. @throws when the command fails or stdout is not exactly one document of the shape. */
  json<Shape extends z.ZodType>(shape: Shape, ...argv: string[]): Promise<z.infer<Shape>>
}

export function cliFor(profile: string): Cli {
  const call = async (argv: string[]): Promise<CliAnswer> => {
    const { code, stdout, stderr } = await run(process.execPath, [BIN, ...argv], {
      env: { CASCATA_PROFILE: profile },
    })
    return { code, stdout: stdout.toString(), stderr }
  }
  return {
    run: (...argv) => call(argv),
    json: async (shape, ...argv) => {
      const { code, stdout, stderr } = await call([...argv, '--json'])
      if (code !== 0) throw new Error(`cascata ${argv.join(' ')} ended with ${code}: ${stderr}`)
      return shape.parse(JSON.parse(stdout))
    },
  }
}
