/**
 * What is asked, in SQL: one statement that writes the very JSON a server has to answer. pgbench runs it as it
 * stands, and its answer is the truth each server's is held against.
 */
import { NOTE_ID, noteIds, PARENT_ID, parentIds, TEAM, TOPIC, topics } from './schema.ts'

export const CASE_NAMES = ['single', 'ten', 'embed', 'insert', 'bulk', 'rpc', 'count'] as const
export type CaseName = (typeof CASE_NAMES)[number]

export type Case = {
  title: string
  /** What requests ask for, one after the other. */
  values: () => number[]
  /** Sets `:v` to one of them. */
  set: string
  /** With `:v` as the value; the first column is the body. */
  sql: string
  texts?: Record<string, string>
  /** Rows that a request adds to `events`. */
  inserts?: number
  /** A request that takes long needs a run in which many of them fit. */
  secondsMin?: number
}

const BULK = 1_000
const event = (n: number) => ({ team: TEAM, topic: n, body: `event ${n} of a list that is not very long` })
export const EVENT = JSON.stringify(event(7))
export const EVENTS = JSON.stringify(Array.from({ length: BULK }, (_, n) => event(n)))

const array = (from: string) => `select coalesce(json_agg(t), '[]')::text from (${from}) t`

export const CASES: Record<CaseName, Case> = {
  single: {
    title: 'a single row by key',
    values: noteIds,
    set: NOTE_ID,
    sql: array('select id, topic, body from public.notes where id = :v'),
  },
  ten: {
    title: 'ten rows by a filter',
    values: topics,
    set: TOPIC,
    sql: array('select id, topic, body from public.notes where topic = :v order by id'),
  },
  embed: {
    title: 'one parent with 100 children',
    values: parentIds,
    set: PARENT_ID,
    sql: array(`select p.id, p.name, c.children from public.parents p
      left join lateral (select coalesce(json_agg(c), '[]') as children from (select id, body from public.children where parent = p.id) c) c on true
      where p.id = :v`),
  },
  insert: {
    title: 'insert one',
    values: () => [0],
    set: '',
    sql: `insert into public.events (team, topic, body) values (${TEAM}, 7, :body)`,
    texts: { body: event(7).body },
    inserts: 1,
  },
  bulk: {
    title: 'insert 1,000',
    values: () => [0],
    set: '',
    sql: `insert into public.events (team, topic, body)
      select team, topic, body from json_to_recordset(:rows) as r (team int, topic int, body text)`,
    texts: { rows: EVENTS },
    inserts: BULK,
    secondsMin: 4,
  },
  rpc: {
    title: 'a function',
    values: topics,
    set: TOPIC,
    sql: 'select to_json(public.topic_size(:v))::text',
  },
  count: {
    title: 'five of ten rows with count=exact',
    values: topics,
    set: TOPIC,
    sql: `select coalesce(json_agg(t), '[]')::text, (select count(*) from public.notes where topic = :v)
      from (select id, topic, body from public.notes where topic = :v order by id limit 5) t`,
  },
}

/** Of a read: the JSON to the value `$1`. */
export const truthSql = ({ sql }: Case): string => sql.replaceAll(':v', '$1')
