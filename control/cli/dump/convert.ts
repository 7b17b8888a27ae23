/**
 * Writes, of a dump, what a project here takes as the tenant's `postgres`: everything of the tenant's own, the rows of `auth`,
 * and the tenant's triggers there. A dump is somebody else's text: commands to psql are left out, and psql is told to take none,
 * wherever they stand (`\restrict`, since 17.6 and its like).
 */
import { isWanted } from './choice.ts'
import { createReader, type DumpLine, type Entry } from './reader.ts'

export type Converted = {
  kept: number
  /** How many entries, by what they are: `storage`, `EXTENSION`. */
  leftOut: Map<string, number>
  /** Tables of `public` that had no row level security, and have it here. */
  closed: string[]
}

/** Rows come in whatever order: references are checked by nobody meanwhile, and triggers do not fire. */
const headOf = (key: string): string[] => [
  `\\restrict ${key}`,
  'set standard_conforming_strings = on;',
  "set session_replication_role = 'replica';",
]
const footOf = (key: string): string[] => ['reset all;', `\\unrestrict ${key}`]

const SETTING =
  /^(?:SET (?!SESSION|ROLE|standard_conforming_strings)\w+ = [^;]*;|SELECT pg_catalog\.set_config\('search_path', '', false\);)$/
/** Everything becomes the loader's, and what was set stays set until the end. */
const LEFT_OUT = /^(?:ALTER .* OWNER TO [^;]+|(?:RE)?SET SESSION AUTHORIZATION.*|RESET ALL);$/
const CONNECT = /^\\connect (?:-reuse-previous=\S+ )?(.*)$/
/** The database that Supabase has its projects in. */
const DATABASE = 'postgres'

/** @param key of letters and digits, that nobody who wrote the dump can know. */
export async function* convertDump(
  lines: AsyncIterable<string> | Iterable<string>,
  { converted, key }: { converted: Converted; key: string },
): AsyncGenerator<string> {
  const read = createReader()
  const tables = new Set<string>()
  let [wanted, isPreamble, isOurs] = [false, true, true]
  yield* headOf(key)
  for await (const text of lines) {
    const line = read(text)
    switch (line.is) {
      case 'header': {
        isPreamble = false
        wanted = isOurs && isWanted(line.entry)
        note(line.entry, wanted, { converted, tables })
        if (wanted) yield `\n-- ${line.entry.type} ${line.entry.schema}.${line.entry.name}`
        break
      }
      case 'command': {
        const [, name] = CONNECT.exec(line.text) ?? []
        if (name !== undefined) isOurs = name.trim().replaceAll(/["']|^dbname=/g, '') === DATABASE
        ;[wanted, isPreamble] = name === undefined ? [wanted, isPreamble] : [false, true]
        break
      }
      case 'comment':
        break
      default:
        if (isTaken(line, { wanted, isPreamble: isPreamble && isOurs })) yield line.text
    }
  }
  converted.closed = [...tables].toSorted()
  yield* footOf(key)
}

type State = { wanted: boolean; isPreamble: boolean }

function isTaken(line: DumpLine & { text: string }, { wanted, isPreamble }: State): boolean {
  if (line.is === 'inside') return wanted
  return isPreamble ? SETTING.test(line.text) : wanted && !LEFT_OUT.test(line.text)
}

type Notes = { converted: Converted; tables: Set<string> }

function note({ name, type, schema }: Entry, wanted: boolean, { converted, tables }: Notes): void {
  if (wanted) converted.kept += 1
  else {
    const what = schema === '-' || schema === 'public' ? type : schema
    converted.leftOut.set(what, (converted.leftOut.get(what) ?? 0) + 1)
  }
  if (!wanted || schema !== 'public') return
  if (type === 'TABLE') tables.add(name)
  if (type === 'ROW SECURITY') tables.delete(name)
}

/** By bytes, as they are: a row may hold a carriage return, and more that others call the end of a line. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
