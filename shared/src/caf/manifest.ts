/** The JSON entries of a `.caf`. Unknown keys are ignored, so that a later release may add some. */
import { z } from 'zod'
import { ProjectLimits, ProjectSettings } from '../contract/projects.ts'
import { FORMER_SECRETS_MAX } from '../project-document.ts'
import { CAF_FORMAT, CAF_VERSION } from './format.ts'

/** Read first and alone: a newer archive must be told apart before its other fields are judged. */
export const ManifestHead = z.object({ format: z.literal(CAF_FORMAT), version: z.int().positive() })

const Name = z
  .string()
  .min(1)
  .max(63 * 4)

export const TableCount = z.object({ schema: Name, name: Name, rows: z.int().nonnegative() })
export type TableCount = z.infer<typeof TableCount>

/** What `create database` must be told so that collation and encoding stay what they were. */
export const DatabaseFacts = z.object({
  owner: Name,
  encoding: z.string().max(32),
  localeProvider: z.enum(['libc', 'icu', 'builtin']),
  collate: z.string().max(100),
  ctype: z.string().max(100),
  locale: z.string().max(100).nullable(),
  icuRules: z.string().max(10_000).nullable(),
  connectionLimit: z.int().min(-1),
  comment: z.string().nullable(),
  /** Null: nobody ever changed the privileges. An empty grantee is `public`. */
  acl: z
    .array(
      z.object({
        grantee: z.string(),
        privilege: z.enum(['CREATE', 'TEMPORARY', 'CONNECT']),
        grantable: z.boolean(),
      }),
    )
    .max(10_000)
    .nullable(),
})
export type DatabaseFacts = z.infer<typeof DatabaseFacts>

export const Manifest = z.object({
  format: z.literal(CAF_FORMAT),
  version: z.literal(CAF_VERSION),
  created_at: z.iso.datetime(),
  cascata: z.string().max(50),
  instance: z.string().max(100),
  project: z.object({
    id: z.string().max(64),
    ref: z.string().max(64),
    name: z.string().max(100),
    template: z.string().max(50),
  }),
  postgres: z.object({ version: z.string().max(200), version_num: z.int().positive() }),
  database: DatabaseFacts,
  extensions: z.array(z.object({ name: Name, version: z.string().max(100), schema: Name })).max(1000),
  /** Counted in the snapshot that the dump reads. */
  tables: z.array(TableCount).max(200_000),
  /** Names only; `roles.json` has the rest. */
  roles: z.array(Name).max(10_000),
  settings: z.object({ databases: z.int(), roles: z.int() }),
  /** `included`: keys.json holds the token secret and the API keys. Passwords of the base roles never travel. */
  keys: z.literal('included'),
})
export type Manifest = z.infer<typeof Manifest>

const Role = z.object({
  name: Name,
  inherit: z.boolean(),
  createRole: z.boolean(),
  createDb: z.boolean(),
  login: z.boolean(),
  bypassRls: z.boolean(),
  connectionLimit: z.int().min(-1),
  validUntil: z.string().max(64).nullable(),
  /** A SCRAM verifier, never a password. */
  verifier: z.string().max(1024).nullable(),
  comment: z.string().nullable(),
})
export type RoleEntry = z.infer<typeof Role>

const Membership = z.object({
  role: Name,
  member: Name,
  grantor: Name,
  admin: z.boolean(),
  inherit: z.boolean(),
  set: z.boolean(),
})
export type MembershipEntry = z.infer<typeof Membership>

/** `alter role|database ... set`: a null role is the database's own, `database` false is every database. */
const Setting = z.object({
  role: Name.nullable(),
  database: z.boolean(),
  name: z.string().min(1).max(200),
  value: z.string().max(10_000),
})
export type SettingEntry = z.infer<typeof Setting>

export const Roles = z.object({
  /** Superuser and replication are not attributes that an archive can carry. */
  custom: z.array(Role).max(10_000),
  memberships: z.array(Membership).max(100_000),
  settings: z.array(Setting).max(100_000),
})
export type Roles = z.infer<typeof Roles>

export const ProjectEntry = z.object({
  name: z.string().trim().min(1).max(100),
  template: z.string().min(1).max(50),
  limits: ProjectLimits,
  settings: ProjectSettings,
})
export type ProjectEntry = z.infer<typeof ProjectEntry>

export const KeysEntry = z.object({
  jwt_secret: z.string().min(32).max(1024),
  /** Those before it, where there were any. */
  former_jwt_secrets: z.array(z.string().max(1024)).max(FORMER_SECRETS_MAX).exactOptional(),
  anon_key: z.string().max(4096),
  service_role_key: z.string().max(4096),
  /** Secrets of the settings of auth, by place; an archive of before there were any has none. */
  auth: z.record(z.string(), z.unknown()).exactOptional(),
})
export type KeysEntry = z.infer<typeof KeysEntry>

export const Digests = z.object({
  format: z.literal(`${CAF_FORMAT}/${CAF_VERSION}`),
  entries: z.array(
    z.object({ name: z.string(), bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
})
export type Digests = z.infer<typeof Digests>

export const Signature = z.object({
  algorithm: z.literal('ed25519'),
  /** SPKI, PEM: what `openssl pkeyutl -verify -pubin` takes. */
  public_key: z.string().max(1000),
  /** `SHA256:` and the base64 of the SHA-256 of the SPKI bytes. */
  fingerprint: z.string().max(100),
  signature: z.base64().max(200),
})
export type Signature = z.infer<typeof Signature>
