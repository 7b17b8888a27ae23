/** The soak: a great many mixed requests against one runtime of this checkout, and whether its memory stays flat. */
import { markdown, round } from '../figures.ts'
import { sourceWorld } from '../rest/source-world.ts'
import type { World } from '../rest/world.ts'
import { type Gun, openGun } from './drive.ts'
import { freePort, type Inspector, openInspector } from './heap.ts'
import { type Growth, judge, type Sample } from './judge.ts'
import { fillingShotAt, shotAt } from './mix.ts'

export type Soak = {
  requests: number
  /** Folder for snapshots of the heap after the first tenth and at the end. */
  snapshots: string | undefined
  say: (text: string) => void
}

const AT_ONCE = 32
/** Some two thousand statements are kept on the connections together, fewer plans and tokens. */
const FILLING = 8_000
const SAMPLES = 50
/** The runtime reads its schema anew so often. */
const RELOADS = 20

const PREPARE = `
  alter table public.events reset (autovacuum_enabled);
  create index events_topic on public.events (topic)`

/** @returns whether all of it is flat. */
export async function soak({ requests, snapshots, say }: Soak): Promise<boolean> {
  const port = await freePort()
  const world = await sourceWorld([`--inspect=127.0.0.1:${port}`, '--inspect-publish-uid=http'])
  try {
    const inspector = await openInspector(port)
    await world.db.admin.unsafe(PREPARE)
    say(`\n## soak: ${requests} mixed requests, ${AT_ONCE} at once\n`)
    const samples = await run(world, inspector, { requests, snapshots, say })
    inspector.close()
    const growth = judge(samples, requests)
    say(`\n${tableOf(growth)}`)
    const grows = growth.filter(({ flat }) => !flat).map(({ what }) => what)
    say(grows.length === 0 ? '\nflat' : `\nNOT FLAT: ${grows.join(', ')}`)
    return grows.length === 0
  } finally {
    await world.stop()
  }
}

async function run(
  world: World,
  inspector: Inspector,
  { requests, snapshots, say }: Soak,
): Promise<Sample[]> {
  const gun = openGun(world.runtime.socket, AT_ONCE)
  await fill(world, gun)
  const samples: Sample[] = []
  const step = Math.ceil(requests / SAMPLES)
  const from = performance.now()
  const total = { answered: 0, aborted: 0 }
  for (let done = 0; done < requests; done += step) {
    if (done % (Math.floor(SAMPLES / RELOADS) * step) === 0) await reload(world)
    const until = Math.min(done + step, requests)
    const { answered, aborted } = await gun.fire((n) => shotAt(n, world.jwtSecret), done, until)
    total.answered += answered
    total.aborted += aborted
    const rssMb = await world.runtime.meter.rssMb()
    const heap = await inspector.collectedHeap()
    const sample = { at: until, rssMb, ...heap, dbMb: await world.db.meter.anonMb() }
    samples.push(sample)
    say(lineOf(sample, until / ((performance.now() - from) / 1000)))
    // Writing one takes memory of its own: the first comes before the tenth that the last is held against.
    const marks = [SAMPLES / 10, SAMPLES]
    if (snapshots !== undefined && marks.includes(samples.length))
      say(await inspector.writeSnapshot(`${snapshots}/${until}.heapsnapshot`))
  }
  gun.close()
  say(`\n${total.answered} answered as they should be, ${total.aborted} hung up`)
  return samples
}

/** Whichever connection reads the schema keeps what it saw of the catalog: after some reloads, nearly each has. */
async function fill(world: World, gun: Gun): Promise<void> {
  const portion = FILLING / RELOADS
  for (let done = 0; done < FILLING; done += portion) {
    await reload(world)
    await gun.fire((n) => fillingShotAt(n, world.jwtSecret), done, done + portion)
  }
}

const reload = (world: World) => world.db.admin.unsafe(`notify pgrst, 'reload schema'`)

const lineOf = ({ at, rssMb, heapMb, externalMb, dbMb }: Sample, perSecond: number): string =>
  `${String(at).padStart(8)}  rss ${round(rssMb, 1)}  heap ${round(heapMb, 2)}  external ${round(externalMb, 2)}  db ${round(dbMb, 1)} MB  ${round(perSecond)}/s`

const tableOf = (growth: readonly Growth[]): string =>
  markdown(
    ['MB', 'second tenth', 'last tenth', 'bytes a request', ''],
    growth.map(({ what, secondMb, lastMb, bytesEach, flat }) => [
      ...[what.replace(/Mb$/, ''), round(secondMb, 2), round(lastMb, 2), round(bytesEach, 1)],
      flat ? 'flat' : 'GROWS',
    ]),
  )
