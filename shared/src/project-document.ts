/**
 * What a runtime needs to know of its project: control writes it to `run/<ref>/project.json` (mode 0640), the
 * runtime watches the file and applies it live. It holds secrets: never log it.
 */
import { z } from 'zod'

/** Settings of `/rest/v1`, in PostgREST's terms. */
export const RestSettings = z.object({
  /** Exposed schemas; the first is the default (`db-schemas`). */
  schemas: z.array(z.string()).min(1).default(['public']),
  /** Appended to the search path of each request (`db-extra-search-path`). */
  extraSearchPath: z.array(z.string()).default(['public', 'extensions']),
  anonRole: z.string().nullable().default('anon'),
  /** Greatest number of rows a read returns; null is no limit (`db-max-rows`). */
  maxRows: z.int().positive().nullable().default(null),
  /** Function called before each request (`db-pre-request`), `schema.name`. */
  preRequest: z.string().nullable().default(null),
  aggregates: z.boolean().default(false),
  plan: z.boolean().default(false),
  /** How a transaction ends and whether `Prefer: tx=` may change it (`db-tx-end`). */
  txEnd: z.enum(['commit', 'commit-allow-override', 'rollback', 'rollback-allow-override']).default('commit'),
  /** `app.settings.*` as set in each transaction. */
  appSettings: z.record(z.string(), z.string()).default({}),
  jwtAudience: z.string().nullable().default(null),
  /** Path to the role in the claims (`jwt-role-claim-key`). */
  roleClaimKey: z.string().default('.role'),
  serverTiming: z.boolean().default(false),
  /** Header of a request that its answer repeats (`server-trace-header`). */
  traceHeader: z.string().nullable().default(null),
  /** Origins that browsers may call from; none named is any (`server-cors-allowed-origins`). */
  corsAllowedOrigins: z.array(z.string()).default([]),
  /** `minimal` leaves details and hints out of errors (`client-error-verbosity`). */
  errorVerbosity: z.enum(['verbose', 'minimal']).default('verbose'),
  /** Function that answers at the root in place of the description (`db-root-spec`). */
  rootSpec: z.string().nullable().default(null),
  /** Settings of a function that are set before its statement starts (`db-hoisted-tx-settings`). */
  hoistedSettings: z
    .array(z.string())
    .default(['statement_timeout', 'plan_filter.statement_cost_limit', 'default_transaction_isolation']),
  /** Channel of `NOTIFY` that reloads the schema and these settings; null listens to none (`db-channel`). */
  channel: z.string().nullable().default('pgrst'),
  /** Whether settings in the database go before these (`db-config`). */
  databaseSettings: z.boolean().default(true),
  /** Function that makes settings with `set_config('pgrst.*')` (`db-pre-config`). */
  preConfig: z.string().nullable().default(null),
  openapiMode: z.enum(['follow-privileges', 'ignore-privileges', 'disabled']).default('follow-privileges'),
  /** Whether descriptions say that a token can be sent (`openapi-security-active`). */
  openapiSecurityActive: z.boolean().default(false),
  /** Public URL that descriptions name, path and all, instead of our own (`openapi-server-proxy-uri`). */
  openapiServerProxyUri: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#@]/.test(url), 'a URL without user, query and fragment')
    .nullable()
    .default(null),
  /** Whether `X-Forwarded-*` is believed to name the public host: only where a proxy of unknown name stands before us. */
  trustForwarded: z.boolean().default(false),
})
export type RestSettings = z.infer<typeof RestSettings>

const KiB = 1024
const MiB = 1024 * KiB

/** What one request may ask of the project. The operator's: nothing that a tenant sets in the database raises them. */
export const RequestLimits = z.object({
  bodyBytesMax: z
    .int()
    .positive()
    .default(10 * MiB),
  urlBytesMax: z
    .int()
    .positive()
    .default(16 * KiB),
  /** Of one statement; what a role or function has itself holds where it is shorter. */
  statementTimeoutMs: z.int().positive().default(15_000),
  /** How deep `select` may nest embeds, and how many it may have in all. */
  embedDepthMax: z.int().positive().default(8),
  embedsMax: z.int().positive().default(100),
  /** Greatest cost, in the planner's own units, of a statement that is carried out; null asks the planner nothing. */
  planCostMax: z.number().positive().nullable().default(null),
})
export type RequestLimits = z.infer<typeof RequestLimits>

/** So many changes of keys ago a secret is still known. */
export const FORMER_SECRETS_MAX = 20

/**
 * Settings of `/auth/v1` as they were written: `AuthSettings` (auth-settings.ts) is what they mean, and is read with the first
 * request to auth. It is large, and most runtimes that start are asked for nothing of it.
 */
const WrittenAuth = z.looseObject({
  // Every service checks tokens.
  jwt: z
    .looseObject({
      issuer: z.string().nullable().default(null),
      keys: z.array(z.record(z.string(), z.unknown())).default([]),
    })
    .prefault({}),
})

export const ProjectDocument = z.object({
  version: z.literal(1),
  ref: z.string(),
  /** Counts up with each change of intent; the runtime logs which one it serves. */
  generation: z.int().nonnegative(),
  /** `https://<ref>.<domain>`, without a trailing slash. */
  url: z.url(),
  database: z.object({
    /** A directory with `.s.PGSQL.<port>` in it, or a host name. */
    host: z.string(),
    port: z.int().default(5432),
    database: z.string().default('postgres'),
    user: z.string().default('authenticator'),
    password: z.string(),
    /** Connections the runtime may open. */
    poolSize: z.int().min(1).max(100).default(4),
    /** Further ones, while slow statements hold all of those. */
    spareConnections: z.int().min(0).max(100).default(4),
  }),
  /** HS256 secret of the project's tokens, at least 32 characters. */
  jwtSecret: z.string().min(32),
  /** Those before it: they check no token, and open what was sealed under them. */
  formerJwtSecrets: z.array(z.string()).max(FORMER_SECRETS_MAX).default([]),
  keys: z.object({ anon: z.string(), serviceRole: z.string() }),
  /** Where its runtimes count together; null: each counts by itself. Who they are there is in `counter-access`. */
  counters: z.object({ socket: z.string() }).nullable().default(null),
  rest: RestSettings.prefault({}),
  auth: WrittenAuth.prefault({}),
  limits: RequestLimits.prefault({}),
  /** Why nothing may be written; null when it may. */
  readOnly: z.enum(['disk']).nullable().default(null),
})
export type ProjectDocument = z.infer<typeof ProjectDocument>
