/**
 * The port to what runs containers. Reconcilers speak it; `docker/` implements it; the simulator imitates it.
 *
 * Every mutating call is idempotent by name: asking again for what is already so is no error. None takes a shell
 * string: commands are argv arrays.
 */

export type Role = 'db' | 'runtime' | 'edge' | 'redis' | 'meta' | 'pooler' | 'control'

export type Mount =
  | { kind: 'bind'; source: string; target: string; readOnly: boolean }
  | { kind: 'tmpfs'; target: string; bytes: number }

export type ContainerSpec = {
  /** Unique on the host: `<instance>-<ref>-db`. */
  name: string
  /** `project` is the ref, or `_system`. */
  project: string
  role: Role
  image: string
  command?: readonly string[]
  env: Readonly<Record<string, string>>
  uid: number
  gid: number
  /** Further groups, by number. */
  groups?: readonly number[]
  mounts: readonly Mount[]
  network: 'none' | { bridge: string }
  publish?: readonly { hostIp: string; hostPort: number; port: number; protocol?: 'tcp' | 'udp' }[]
  limits: {
    memoryBytes: number
    cpus: number
    pids: number
    shmBytes?: number
    /** Of the processors, where they are short, beside others' 1024. */
    cpuShares?: number
  }
  /** Capabilities added back after dropping all. */
  capabilities?: readonly string[]
  stopSignal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT'
  stopTimeoutS: number
  /** The image's own check is used when absent. */
  healthcheck?: { argv: readonly string[]; intervalMs: number; timeoutMs: number; retries: number }
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead'

export type Container = {
  name: string
  project: string
  role: Role
  state: ContainerState
  health: 'none' | 'starting' | 'healthy' | 'unhealthy'
  /** `specHash` of what it was created from: another value is drift. */
  spec: string
  image: string
  /** Those it is joined to, or will be when it starts. */
  networks: readonly string[]
  exitCode: number | null
}

export type Image = { labels: Readonly<Record<string, string>>; env: readonly string[] }

export type ExecResult = { exitCode: number; stdout: string; stderr: string }

export type EngineEvent = {
  project: string
  role: Role
  name: string
  action: 'start' | 'die' | 'destroy' | 'health'
}

export type Engine = {
  /** All containers of this instance (by label), whoever made them; or those of one project. */
  list(project?: string): Promise<Container[]>
  /** Creates, does not start. One of the same name and spec hash is left; of another hash: `ContainerConflict`. */
  create(spec: ContainerSpec): Promise<void>
  start(name: string): Promise<void>
  /** Sends the stop signal and waits; a container that is not running or not there is fine. */
  stop(name: string): Promise<void>
  /** Ends it at once, and waits for the end; not running or absent is fine. */
  kill(name: string): Promise<void>
  /** Removes with force; absent is fine. */
  remove(name: string): Promise<void>
  signal(name: string, signal: 'SIGHUP' | 'SIGQUIT' | 'SIGUSR1'): Promise<void>
  /** A bridge whose containers cannot reach each other (inter-container traffic off). */
  ensureEgressNetwork(name: string): Promise<void>
  /** Joins it to a bridge, running or not; joined already is fine. */
  connect(name: string, bridge: string): Promise<void>
  /** Takes it off a bridge, running or not: it starts without it then. Not joined, or gone, is fine. */
  disconnect(name: string, bridge: string): Promise<void>
  /** What the machine itself is called on it: who comes from the machine comes from there. Null when there is none. */
  networkGateway(name: string): Promise<string | null>
  exec(name: string, argv: readonly string[], options?: { timeoutMs?: number }): Promise<ExecResult>
  /** @param options.sinceMs epoch: nothing from before */
  logs(
    name: string,
    options: { tail: number; follow: boolean; sinceMs?: number; signal?: AbortSignal },
  ): AsyncIterable<string>
  /** Memory the container's cgroup is charged for, without the page cache that can be dropped. */
  memoryBytes(name: string): Promise<number>
  /** Processor time it has used, nanoseconds; 0 where it is gone. */
  cpuNs(name: string): Promise<number>
  /** Processors it is kept to, as `0-3,5`; empty is all of them. */
  cpuset(name: string): Promise<string>
  /**
   * Keeps it to these from now on, running or not; gone is fine. One that yields has the least weight there is and,
   * where the machine lets us say so, gives its processor away as soon as anybody else wants it.
   */
  setCpuset(name: string, processors: string, options: { yields: boolean }): Promise<void>
  /** Undefined when it is not on this machine. */
  findImage(tag: string): Promise<Image | undefined>
  /** What happens to this instance's containers, until the signal. Reconnects by itself. */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>
}
