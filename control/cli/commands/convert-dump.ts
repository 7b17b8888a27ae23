/** `cascata db convert-dump FILE`: of a Supabase project's dump, what belongs into a project here, as SQL for psql. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { type Converted, convertDump, linesOf } from '../dump/convert.ts'
import { EXIT, Failure } from '../failure.ts'
import type { Output } from '../output.ts'

export function convertDumpCommand(db: Command, context: Context): void {
  db.command('convert-dump <file>')
    .description("of a Supabase project's plain pg_dump, write what a project here takes; - reads stdin")
    .action(async (file: string, _options: unknown, command: Command) => {
      const converted: Converted = { kept: 0, leftOut: new Map(), closed: [] }
      const [lines, key] = [linesOf(await inputOf(file)), randomBytes(16).toString('hex')]
      for await (const line of convertDump(lines, { converted, key })) await write(`${line}\n`)
      if (converted.kept === 0) throw nothingIn(file)
      tell(context.output(command), converted)
    })
}

async function inputOf(file: string): Promise<Readable> {
  if (file === '-') return process.stdin
  const opened = await open(file).catch(() => {
    throw new Failure(EXIT.usage, 'file-not-found', `${file} cannot be read`)
  })
  return opened.createReadStream()
}

/** A reader that is slower than we are is waited for. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text, 'latin1')) await once(process.stdout, 'drain')
}

function tell(output: Output, { kept, leftOut, closed }: Converted): void {
  const others = [...leftOut].toSorted().map(([what, count]) => `${what} ${count}`)
  output.note(`${kept} entries kept; left out: ${others.join(', ') || 'none'}`)
  if (closed.length === 0) return
  output.note(
    `without row level security until now, and closed to the API from here on: ${closed.join(', ')}`,
  )
}

const nothingIn = (file: string): Failure =>
  new Failure(EXIT.failed, 'dump-not-understood', `${file} has no entry that belongs into a project`, {
    hint: 'It must be plain SQL as pg_dump writes it, with its comments (`supabase db dump --keep-comments`); of another format, "pg_restore --file=- FILE" makes it.',
  })
