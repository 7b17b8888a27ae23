/** What schema.sql holds, as far as requests name it. */
type Table = { columns: string[]; embeds: Record<string, string> }

const BOOK = ['id', 'author_id', 'title', 'facts', 'words', 'tags', 'price', 'shade', 'during', 'spine']
export const TABLES: Record<string, Table> = {
  book: { columns: BOOK, embeds: { author: 'author', tag: 'tag', cover: 'cover', book_tag: 'book_tag' } },
  author: {
    columns: ['id', 'name', 'boss', 'mood'],
    embeds: { book: 'book', boss: 'author', best: 'book', 'we"ird;--': 'we"ird;--' },
  },
  tag: { columns: ['id', 'word'], embeds: { book: 'book' } },
  cover: { columns: ['book_id', 'paint'], embeds: { book: 'book' } },
  book_tag: { columns: ['book_id', 'tag_id'], embeds: { book: 'book', tag: 'tag' } },
  shelf: { columns: ['book_id', 'author_id', 'title'], embeds: { author: 'author' } },
  'we"ird;--': {
    columns: ['id', "sel'ect", '$1', 'a"b', 'back\\slash', '/* c */', '_postgrest_t', 'body', 'author_id'],
    embeds: { author: 'author' },
  },
}
export const ROUTINES: Record<string, string[]> = {
  books_by: ['writer', 'since'],
  add_up: ['numbers'],
  "fn';--": ["arg';--"],
  whole: [],
  raw_text: [],
  raw_bytes: [],
  nothing: [],
}
/** Names that mean something: renamed they would be another request. */
export const KNOWN: ReadonlySet<string> = new Set([
  ...Object.entries(TABLES).flatMap(([name, { columns, embeds }]) => [
    name,
    ...columns,
    ...Object.keys(embeds),
  ]),
  ...Object.entries(ROUTINES).flatMap(([name, args]) => [name, ...args]),
  ...[
    'b"; --',
    'a',
    'inner',
    'left',
    'count',
    'book_author_id_fkey',
    'not',
    'and',
    'or',
    'order',
    'limit',
    'offset',
    'select',
    'columns',
    'on_conflict',
  ],
])

export const columnsOf = (table: string): readonly string[] => TABLES[table]?.columns ?? ['id']
