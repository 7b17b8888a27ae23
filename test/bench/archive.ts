/**
 * How fast a project becomes an archive and comes back, against the same made of commands: `pg_dump | zstd -3 | age`
 * and `pg_restore`. Interleaved rounds on one database; read the ratios. `node test/bench/archive.ts 400` takes 400 MB.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportProject } from '@cascata/control/archive/export'
import { restoreDatabase } from '@cascata/control/archive/restore'
import { dropReplaced } from '@cascata/control/archive/swap'
import { verifyFile } from '@cascata/control/archive/verify'
import { KEYS, newInstanceKeys, ORIGIN, PROJECT } from '../harness/archives.ts'
import { command } from '../harness/open-by-hand.ts'
import { takePgTools } from '../harness/pg-tools.ts'
import { startPostgres } from '../harness/postgres.ts'

const MEGABYTES = 200
const ROUNDS = 3
const CONTROL_IMAGE = 'cascata-control:0.1.0'

type Figures = Record<'export' | 'commands' | 'verify' | 'restore' | 'commandsBack' | 'pg_restore', number>
export type ArchiveFigures = {
  dumpBytes: number
  archiveBytes: number
  /** Medians, milliseconds. */
  ms: Figures
  /** Ours to theirs in speed: 1 is as fast. */
  ratio: { export: number; restore: number }
  /** Highest resident memory of this process, MB. */
  peakMb: number
}

/** Runs commands joined by the kernel's own pipes; the last one writes to `into`, the first reads `from`. */
async function piped(
  argvs: readonly (readonly string[])[],
  ends: { from?: string; into?: string },
): Promise<void> {
  let input: 'ignore' | number | NodeJS.ReadableStream = ends.from ? openSync(ends.from, 'r') : 'ignore'
  const ended: Promise<unknown[]>[] = []
  for (const [at, [program = '', ...rest]] of argvs.entries()) {
    const last = at === argvs.length - 1
    const output = !last ? 'pipe' : ends.into ? openSync(ends.into, 'w') : 'ignore'
    const child: ChildProcess = spawn(program, rest, { stdio: [input as 'pipe', output, 'inherit'] })
    ended.push(once(child, 'exit'))
    if (child.stdout) input = child.stdout
  }
  const codes = (await Promise.all(ended)).map(([code]) => code)
  if (codes.some((code) => code !== 0))
    throw new Error(`${argvs.map(([program]) => program)} ended with ${codes}`)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Half of it packs well, half hardly, in a big table, a middling one and an index each. */
const FILL = (megabytes: number) => `
  create table public.big (id int primary key, a text, b text, c numeric, at timestamptz default '2026-01-01');
  insert into public.big select n, md5(n::text), repeat('some words ', 4), n * 1.5 from generate_series(1, ${megabytes * 7000}) n;
  create table public.middling as select * from public.big limit ${megabytes * 500};
  create index on public.middling (a);
  analyze`

export async function archiveBench(megabytes = MEGABYTES, rounds = ROUNDS): Promise<ArchiveFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-bench-'))
  const [tools, keys, source, target] = [
    await takePgTools(),
    await newInstanceKeys(),
    await startPostgres(),
    await startPostgres(),
  ]
  try {
    await source.admin().unsafe(FILL(megabytes))
    const pgTools = { dump: tools.argv.pg_dump, restore: tools.argv.pg_restore }
    const at = (socketDir: string) => [`--host=${socketDir}`, '--username=supabase_admin']
    const [path, theirs, key, raw] = ['ours.caf', 'theirs', 'key.txt', 'raw.dump'].map((name) =>
      join(folder, name),
    ) as [string, string, string, string]
    await writeFile(key, `${keys.identity}\n`, { mode: 0o600 })
    const dump = [...pgTools.dump, ...at(source.socketDir), '--format=custom', '--compress=none', 'postgres']
    await piped([dump], { into: raw })
    const of = (name: 'age' | 'zstd') => command(name, folder, CONTROL_IMAGE)
    const runs: Record<keyof Figures, number[]> = {
      export: [],
      commands: [],
      verify: [],
      restore: [],
      commandsBack: [],
      pg_restore: [],
    }
    for (let round = 0; round < rounds; round++) {
      runs.commands.push(
        await timed(() =>
          piped([dump, [...of('zstd'), '-3', '-q'], [...of('age'), '-r', keys.recipient]], { into: theirs }),
        ),
      )
      runs.export.push(
        await timed(() =>
          exportProject({
            cluster: { socketDir: source.socketDir, tools: pgTools },
            path,
            sealFor: { recipients: [keys.recipient] },
            signer: keys.signer,
            origin: ORIGIN,
            project: PROJECT,
            keys: KEYS,
            now: new Date(),
          }),
        ),
      )
      const openWith = { identities: [keys.identity] }
      const verified = await verifyFile({ path, ...openWith })
      runs.verify.push(await timed(() => verifyFile({ path, ...openWith })))
      const admin = target.admin('template1')
      await admin.unsafe('drop database if exists by_hand')
      await admin.unsafe('create database by_hand template template0')
      const restore = [...pgTools.restore, ...at(target.socketDir), '--dbname=by_hand', '--exit-on-error']
      runs.pg_restore.push(await timed(() => piped([restore], { from: raw })))
      await admin.unsafe('drop database by_hand')
      await admin.unsafe('create database by_hand template template0')
      const open = [[...of('age'), '-d', '-i', key], [...of('zstd'), '-d', '-q', '-c'], restore]
      runs.commandsBack.push(await timed(() => piped(open, { from: theirs })))
      await admin.unsafe('drop database by_hand')
      const operation = `00000000-0000-4000-8000-00000000000${round}`
      const cluster = { socketDir: target.socketDir, tools: pgTools }
      runs.restore.push(await timed(() => restoreDatabase({ cluster, path, openWith, verified, operation })))
      await dropReplaced(cluster, operation)
    }
    const ms = Object.fromEntries(
      Object.entries(runs).map(([name, values]) => [name, Math.round(median(values))]),
    ) as Figures
    return {
      dumpBytes: (await stat(raw)).size,
      archiveBytes: (await stat(path)).size,
      ms,
      ratio: { export: ms.commands / ms.export, restore: ms.commandsBack / ms.restore },
      peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
    }
  } finally {
    await Promise.all([
      source.stop(),
      target.stop(),
      tools.remove(),
      rm(folder, { recursive: true, force: true }),
    ])
  }
}

if (import.meta.main) console.log(await archiveBench(Number(process.argv[2] ?? MEGABYTES)))
