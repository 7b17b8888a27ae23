/** The peers' words for the cases. A GraphQL server is asked with GET where it can: then each request asks for another value. */
import { EVENT, EVENTS } from './cases.ts'
import type { Ask, Dialect } from './dialect.ts'

const json = { 'Content-Type': 'application/json' }

const graphql = (query: string, rows: (data: unknown) => unknown): Ask => ({
  path: (v) => `/graphql?query=${encodeURIComponent(query)}&variables=${encodeURIComponent(`{"v":${v}}`)}`,
  columns: (answer) => [rows((answer as { data: unknown }).data)],
})

const mutation = (query: string, variables: string): Ask => ({
  path: () => '/graphql',
  headers: json,
  body: `{"query":${JSON.stringify(query)},"variables":{"e":${variables}}}`,
  // GraphQL says 200 to everything.
  columns: (answer) => [(answer as { errors?: unknown }).errors ?? null],
})

/** Its keys are text, whatever the column is. */
const numbered = (rows: unknown): unknown =>
  (rows as Record<string, unknown>[]).map((row) => ({
    ...row,
    id: Number(row.id),
    ...(row.children ? { children: numbered(row.children) } : {}),
  }))

export const PLATFORMATIC: Dialect = {
  single: { path: (id) => `/notes/${id}?fields=id,topic,body`, columns: (row) => [numbered([row])] },
  ten: {
    path: (topic) => `/notes/?where.topic.eq=${topic}&fields=id,topic,body&orderby.id=asc`,
    columns: (rows) => [numbered(rows)],
  },
  embed: graphql('query($v:ID!){getParentById(id:$v){id name children(limit:100){id body}}}', (data) =>
    numbered([(data as { getParentById: unknown }).getParentById]),
  ),
  insert: { path: () => '/events/', headers: json, body: EVENT },
  bulk: mutation('mutation($e:[EventInput]!){insertEvents(inputs:$e){id}}', EVENTS),
  count: {
    path: (topic) =>
      `/notes/?where.topic.eq=${topic}&fields=id,topic,body&orderby.id=asc&limit=5&totalCount=true`,
    columns: (rows, headers) => [numbered(rows), headers['x-total-count']],
  },
}

type Nodes<T> = { nodes: T[] }

/** It has no insert of many rows. */
export const POSTGRAPHILE: Dialect = {
  single: graphql('query($v:Int!){noteByRowId(rowId:$v){id:rowId topic body}}', (data) => [
    (data as { noteByRowId: unknown }).noteByRowId,
  ]),
  ten: graphql(
    'query($v:Int!){allNotes(condition:{topic:$v},orderBy:[PRIMARY_KEY_ASC]){nodes{id:rowId topic body}}}',
    (data) => (data as { allNotes: Nodes<unknown> }).allNotes.nodes,
  ),
  embed: graphql(
    'query($v:Int!){parentByRowId(rowId:$v){id:rowId name children:childrenByParent{nodes{id:rowId body}}}}',
    (data) => {
      const { children, ...parent } = (data as { parentByRowId: { children: Nodes<unknown> } }).parentByRowId
      return [{ ...parent, children: children.nodes }]
    },
  ),
  insert: mutation('mutation($e:EventInput!){createEvent(input:{event:$e}){clientMutationId}}', EVENT),
  rpc: graphql('query($v:Int!){topicSize(topic:$v)}', (data) => (data as { topicSize: unknown }).topicSize),
  count: {
    ...graphql(
      'query($v:Int!){allNotes(condition:{topic:$v},orderBy:[PRIMARY_KEY_ASC],first:5){nodes{id:rowId topic body} totalCount}}',
      () => undefined,
    ),
    columns: (answer) => {
      const { nodes, totalCount } = (
        answer as { data: { allNotes: Nodes<unknown> & { totalCount: number } } }
      ).data.allNotes
      return [nodes, String(totalCount)]
    },
  },
}
