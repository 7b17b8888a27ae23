/** A project as the control API shows it, and what may be asked of it. */
import { z } from 'zod'
import type { AuthSecrets } from '../auth/secrets.ts'
import { ProjectRef } from '../ids.ts'
import { RestSettings } from '../project-document.ts'
import { DirectSettings } from './direct.ts'
import { EdgeSettings } from './edge-settings.ts'
import { Operation } from './operations.ts'
import { ReplicaSettings } from './replica-settings.ts'
import { SleepSettings } from './sleep-settings.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** What each of a project's containers may use. */
export const ContainerLimits = z.object({
  memory_mb: z.int().min(48).max(262_144),
  cpus: z.number().min(0.1).max(256),
  pids: z.int().min(32).max(65_536),
})

/** The edge takes no request line above 32 KiB: no project's limit is higher than this. */
export const URL_BYTES_MAX = 30 * KiB

/** What one request may ask for: live, no container is replaced. */
const RequestBounds = z.object({
  body_bytes_max: z
    .int()
    .positive()
    .max(1024 * MiB)
    .default(10 * MiB),
  url_bytes_max: z
    .int()
    .min(256)
    .max(URL_BYTES_MAX)
    .default(16 * KiB),
  /** Below the two minutes that the edge waits for an answer. */
  statement_timeout_ms: z.int().min(10).max(110_000).default(15_000),
  embed_depth_max: z.int().min(1).max(32).default(8),
  embeds_max: z.int().min(1).max(1_000).default(100),
  /** In the planner's units; null is no limit. */
  plan_cost_max: z.number().positive().nullable().default(null),
})

/** What its files and its database may take on the disk; live. At the limit the project can only be read. */
const DiskBounds = z.object({
  /** Null is no limit. */
  disk_mb: z.int().min(64).max(1_073_741_824).nullable().default(10_240),
})

export const ProjectLimits = z
  .object({
    runtime: ContainerLimits.prefault({ memory_mb: 256, cpus: 1, pids: 128 }),
    db: ContainerLimits.prefault({ memory_mb: 512, cpus: 1, pids: 256 }),
    ...RequestBounds.shape,
    ...DiskBounds.shape,
  })
  .meta({ id: 'ProjectLimits' })
export type ProjectLimits = z.infer<typeof ProjectLimits>

/** Live settings: changed with PATCH under `If-Match`, applied without a restart. */
export const ProjectSettings = z
  .object({
    rest: RestSettings.prefault({}),
    edge: EdgeSettings.prefault({}),
    replicas: ReplicaSettings.prefault({}),
    sleep: SleepSettings.prefault({}),
    direct: DirectSettings.prefault({}),
    /** What was set of `AuthSettings`, secrets apart: `/auth/config` shows all of them and changes them. */
    auth: z.record(z.string(), z.unknown()).default({}),
  })
  .meta({ id: 'ProjectSettings' })
export type ProjectSettings = z.infer<typeof ProjectSettings>

type Optional<Shape extends z.ZodRawShape> = { [Name in keyof Shape]: z.ZodOptional<Shape[Name]> }

/** The same fields, each of which may be left out. (`partial()` would fill in the defaults of those left out.) */
function optional<Shape extends z.ZodRawShape>(shape: Shape): Optional<Shape> {
  const fields = Object.entries(shape).map(([name, field]) => {
    const bare = field instanceof z.ZodDefault || field instanceof z.ZodPrefault ? field.unwrap() : field
    return [name, z.optional(bare)]
  })
  return Object.fromEntries(fields) as Optional<Shape>
}

/** What is named changes, what is not stays. */
export const ChangeSettings = z
  .strictObject({
    rest: z.strictObject(optional(RestSettings.shape)).optional(),
    edge: z.strictObject(optional(EdgeSettings.shape)).optional(),
    replicas: z.strictObject(optional(ReplicaSettings.shape)).optional(),
    sleep: z.strictObject(optional(SleepSettings.shape)).optional(),
    direct: z.strictObject(optional(DirectSettings.shape)).optional(),
  })
  .meta({ id: 'ChangeSettings', examples: [{ rest: { maxRows: 1000 } }] })
export type ChangeSettings = z.infer<typeof ChangeSettings>

export const ChangeLimits = z
  .strictObject({
    runtime: z.strictObject(optional(ContainerLimits.shape)).optional(),
    db: z.strictObject(optional(ContainerLimits.shape)).optional(),
    ...optional(RequestBounds.shape),
    ...optional(DiskBounds.shape),
  })
  .meta({ id: 'ChangeLimits', examples: [{ db: { memory_mb: 1024 }, statement_timeout_ms: 5000 }] })
export type ChangeLimits = z.infer<typeof ChangeLimits>

export const RestartProject = z
  .strictObject({
    /** Its database as well: that ends every session and what it was doing. */
    database: z.boolean().optional(),
  })
  .meta({ id: 'RestartProject', examples: [{ database: true }] })
export type RestartProject = z.infer<typeof RestartProject>

/** What was last seen of it. */
export const ProjectState = z.enum([
  'creating',
  'importing',
  'upgrading',
  'running',
  'asleep',
  'pausing',
  'paused',
  'failing',
  'deleted',
])
export type ProjectState = z.infer<typeof ProjectState>

export const CreateProject = z
  .object({
    name: z.string().trim().min(1).max(100),
    /** Made from the name when absent. */
    ref: ProjectRef.optional(),
    template: z.string().min(1).max(50).default('empty'),
    limits: ProjectLimits.optional(),
  })
  .meta({ id: 'CreateProject', examples: [{ name: 'Blue shop', ref: 'shop' }] })
export type CreateProject = z.infer<typeof CreateProject>

const Notice = z.object({ code: z.string(), title: z.string(), detail: z.string() })

/** `full`: it can only be read. */
const DiskState = z.enum(['ok', 'nearly-full', 'full'])

export const Project = z
  .object({
    id: z.uuid(),
    ref: z.string(),
    name: z.string(),
    template: z.string(),
    /** What it should be. */
    desired: z.enum(['running', 'paused', 'deleted']),
    /** What it is. */
    status: ProjectState,
    url: z.string(),
    /** Postgres itself, without the password; null while it is not reached from outside. */
    db_url: z.string().nullable(),
    /** The same through the port that pools by transaction. */
    pooler_url: z.string().nullable(),
    /** Release of the images that its containers are made from. */
    image_tag: z.string(),
    /** The instance is at another release: an upgrade would move it. */
    behind: z.boolean(),
    generation: z.int(),
    observed_generation: z.int(),
    limits: ProjectLimits,
    /** What it takes of the disk; null until it was measured. */
    disk: z
      .object({ used_mb: z.int(), limit_mb: z.int().nullable(), state: DiskState, measured_at: z.string() })
      .nullable(),
    last_problem: Notice.nullable(),
    /** What somebody should know of it, although it runs. */
    notices: z.array(Notice),
    /** Last request or job, to the minute. */
    last_active_at: z.string().nullable(),
    /** Not null: its containers are stopped until somebody asks for it. */
    asleep_since: z.string().nullable(),
    woken_at: z.string().nullable(),
    /** What the last wake took, until requests could be passed on. */
    wake_ms: z.int().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
    deleted_at: z.string().nullable(),
    purge_after: z.string().nullable(),
  })
  .meta({ id: 'Project' })
export type Project = z.infer<typeof Project>

/** Answer to whatever starts work on a project. */
export const ProjectChanged = Project.extend({ operation: Operation }).meta({ id: 'ProjectChanged' })
export type ProjectChanged = z.infer<typeof ProjectChanged>

export const SettingsChange = ProjectSettings.extend({ operation: Operation }).meta({ id: 'SettingsChange' })
export type SettingsChange = z.infer<typeof SettingsChange>

export const ProjectKeys = z
  .object({ anon_key: z.string(), service_role_key: z.string() })
  .meta({ id: 'ProjectKeys' })
export type ProjectKeys = z.infer<typeof ProjectKeys>

/** What the instance keeps sealed of a project. */
export type ProjectSecrets = {
  jwtSecret: string
  /** Those before it, latest first: they check no token, and open what auth sealed under them. */
  formerJwtSecrets?: string[]
  anonKey: string
  serviceRoleKey: string
  /** Passwords of the cluster's login roles. */
  passwords: { supabase_admin: string; authenticator: string; postgres: string }
  /** Of its settings of auth. */
  auth?: AuthSecrets
}
