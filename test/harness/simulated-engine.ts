/** Docker in memory, as the engine port has it: what is created stays when control dies, and every call may fail. */
import type {
  Container,
  ContainerSpec,
  Engine,
  EngineEvent,
  ExecResult,
} from '@cascata/control/engine/engine'
import { specHash } from '@cascata/control/engine/spec'
import { ContainerConflict, EngineUnavailable } from '@cascata/shared/problems/engine'
import type { Life, Trouble } from './simulated-faults.ts'

type Entry = { container: Container; spec: ContainerSpec }

export class SimulatedDocker {
  readonly containers = new Map<string, Entry>()
  readonly networks = new Set<string>()
  readonly trouble: Trouble
  /** What happens inside of containers is the machine's to say. */
  onStart: (spec: ContainerSpec) => void = () => {}
  onStop: (spec: ContainerSpec) => void = () => {}
  onSignal: (spec: ContainerSpec, signal: string) => void = () => {}
  onExec: (spec: ContainerSpec, argv: readonly string[]) => ExecResult = () => ({
    exitCode: 0,
    stdout: '',
    stderr: '',
  })
  /** What was said there since then. */
  onLogs: (spec: ContainerSpec, sinceMs: number) => readonly string[] = () => []
  readonly #listeners = new Set<(event: EngineEvent) => void>()

  constructor(trouble: Trouble) {
    this.trouble = trouble
  }

  /** A hand, not control: no fault, and the reconciler is to mend it. */
  removeByHand(name: string): void {
    const entry = this.containers.get(name)
    if (entry) this.#down(entry)
    this.containers.delete(name)
  }

  killByHand(name: string): void {
    const entry = this.containers.get(name)
    if (entry) this.#down(entry)
  }

  /** The engine as one life of control holds it. */
  engine(life: Life): Engine {
    const change = <Result>(what: string, work: () => Result) =>
      this.trouble.call(life, what, () => {
        const before = this.#fingerprint()
        const result = work()
        if (this.#fingerprint() !== before) this.trouble.mutations.push(what)
        return result
      })
    const look = <Result>(what: string, work: () => Result) => this.trouble.call(life, what, work)
    return {
      list: (project) =>
        look('list', () =>
          [...this.containers.values()].flatMap(({ container }) =>
            project === undefined || container.project === project ? [{ ...container }] : [],
          ),
        ),
      create: (spec) => change(`create ${spec.name}`, () => this.#create(spec)),
      start: (name) => change(`start ${name}`, () => this.#start(name)),
      stop: (name) => change(`stop ${name}`, () => this.killByHand(name)),
      kill: (name) => change(`kill ${name}`, () => this.killByHand(name)),
      remove: (name) => change(`remove ${name}`, () => this.removeByHand(name)),
      signal: (name, signal) => look(`signal ${name}`, () => this.#signal(name, signal)),
      ensureEgressNetwork: (name) =>
        change(`network ${name}`, () => {
          this.networks.add(name)
        }),
      connect: (name, bridge) => change(`join ${name}`, () => this.#join(name, bridge)),
      disconnect: (name) => change(`part ${name}`, () => this.#part(name)),
      networkGateway: (name) =>
        look(`gateway ${name}`, () => (this.networks.has(name) ? '172.18.0.1' : null)),
      exec: (name, argv) => look(`exec ${name}`, () => this.onExec(this.#running(name).spec, argv)),
      logs: (name, { tail, sinceMs = 0 }) => this.#logs(life, name, { tail, sinceMs }),
      memoryBytes: (name) => look(`memory ${name}`, () => (this.#running(name) ? 1 : 0)),
      cpuNs: (name) => look(`processor ${name}`, () => (this.#running(name) ? 1 : 0)),
      cpuset: (name) => look(`processors ${name}`, () => ''),
      setCpuset: (name, processors) => change(`keep ${name} to ${processors}`, () => {}),
      findImage: () => look('image', () => ({ labels: {}, env: [] })),
      events: (signal) => this.#events(signal),
    }
  }

  #create(spec: ContainerSpec): void {
    const there = this.containers.get(spec.name)
    if (there && there.container.spec !== specHash(spec)) throw ContainerConflict(spec.name)
    if (there) return
    const container: Container = {
      name: spec.name,
      project: spec.project,
      role: spec.role,
      state: 'created',
      health: 'none',
      spec: specHash(spec),
      image: spec.image,
      networks: spec.network === 'none' ? [] : [spec.network.bridge],
      exitCode: null,
    }
    this.containers.set(spec.name, { container, spec })
  }

  #start(name: string): void {
    const entry = this.containers.get(name)
    if (!entry) throw EngineUnavailable(`start ${name}`)
    if (!entry.container.networks.every((each) => this.networks.has(each)))
      throw EngineUnavailable(`start ${name}`)
    if (entry.container.state === 'running') return
    entry.container.state = 'running'
    entry.container.exitCode = null
    this.#tell(entry, 'start')
    this.onStart(entry.spec)
  }

  #join(name: string, bridge: string): void {
    const entry = this.containers.get(name)
    if (!entry || !this.networks.has(bridge)) throw EngineUnavailable(`join ${name}`)
    entry.container.networks = [bridge]
  }

  #part(name: string): void {
    const entry = this.containers.get(name)
    if (entry) entry.container.networks = []
  }

  #down(entry: Entry): void {
    if (entry.container.state !== 'running') return
    entry.container.state = 'exited'
    entry.container.exitCode = 0
    this.onStop(entry.spec)
    this.#tell(entry, 'die')
  }

  #signal(name: string, signal: string): void {
    const { spec } = this.#running(name)
    this.trouble.mutations.push(`signal ${name}`)
    this.onSignal(spec, signal)
  }

  async *#logs(
    life: Life,
    name: string,
    { tail, sinceMs }: { tail: number; sinceMs: number },
  ): AsyncIterable<string> {
    const spec = this.containers.get(name)?.spec
    yield* await this.trouble.call(life, `logs ${name}`, () =>
      spec ? this.onLogs(spec, sinceMs).slice(-tail) : [],
    )
  }

  #running(name: string): Entry {
    const entry = this.containers.get(name)
    if (entry?.container.state !== 'running') throw EngineUnavailable(`reach ${name}`)
    return entry
  }

  #fingerprint(): string {
    const containers = [...this.containers.values()].map(({ container }) => Object.values(container).join())
    return [...containers, ...this.networks].join(';')
  }

  #tell({ container: { project, role, name } }: Entry, action: EngineEvent['action']): void {
    for (const listener of this.#listeners) listener({ project, role, name, action })
  }

  async *#events(signal: AbortSignal): AsyncIterable<EngineEvent> {
    const waiting: EngineEvent[] = []
    let wake = () => {}
    const listener = (event: EngineEvent) => {
      waiting.push(event)
      wake()
    }
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => wake(), { once: true })
    try {
      while (!signal.aborted) {
        const event = waiting.shift()
        if (event) yield event
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#listeners.delete(listener)
    }
  }
}
