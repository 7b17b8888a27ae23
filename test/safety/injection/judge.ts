/**
 * What Postgres' own parser makes of a statement: one statement, of known nodes, whose relations, functions, types,
 * operators and constants are all known; a caller's names stand only where a column or an alias can.
 */
import { parseSync } from 'libpg-query'
import { cut, cutTo, type Vocabulary } from './vocabulary.ts'

export type Found = {
  faults: string[]
  /** Insert, update, delete: kind and table, as they stand in the tree. */
  writes: string[]
  functions: Set<string>
  parameters: Set<number>
  /** The tree with every name that is not ours replaced by a question mark. */
  skeleton: string
}

type Node = Record<string, unknown>
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const textOf = (node: unknown): string => {
  const inner = isNode(node) && isNode(node.String) ? node.String.sval : undefined
  return typeof inner === 'string' ? inner : ''
}
const texts = (list: unknown): string[] => (Array.isArray(list) ? list.map(textOf) : [])

const WRITES: Readonly<Record<string, string>> = {
  InsertStmt: 'insert',
  UpdateStmt: 'update',
  DeleteStmt: 'delete',
}
/** Positions in the text say nothing of the shape. */
const LISTS = new Set(['targetList', 'returningList'])
const PLACES = new Set(['location', 'stmt_location', 'stmt_len'])

/** As the planner names its joins: see plan/embed.ts. */
const ALIAS_BYTES_MAX = 56
const DEPTH_MAX = 17

export class Judge {
  private readonly known: Vocabulary
  private readonly callers: ReadonlySet<string>
  private readonly found: Found = {
    faults: [],
    writes: [],
    functions: new Set(),
    parameters: new Set(),
    skeleton: '',
  }

  /** @param callers the names in the request, which may be names of columns and aliases. */
  constructor(known: Vocabulary, callers: Iterable<string>) {
    this.known = known
    this.callers = new Set([...callers].map(cut))
  }

  judge(text: string): Found {
    // The parser takes a C string: behind a NUL it would see nothing.
    if (text.includes('\0')) this.fault('a zero byte')
    const { stmts } = parseSync(text) as { stmts: { stmt: Node }[] }
    if (stmts.length !== 1) this.fault(`${stmts.length} statements`)
    const [kind = ''] = Object.keys(stmts[0]?.stmt ?? {})
    if (kind !== 'SelectStmt' && kind !== 'ExplainStmt') this.fault(`a ${kind}`)
    this.found.skeleton = JSON.stringify(this.walk(stmts[0]?.stmt, ''))
    return this.found
  }

  private fault(what: string): void {
    this.found.faults.push(what)
  }

  private check(kind: 'relations' | 'functions' | 'types' | 'operators', names: readonly string[]): void {
    for (const name of names) {
      const known = this.known[kind]
      if (!known.has(name) && ![...known].some((each) => cut(each) === name))
        this.fault(`${kind}: ${JSON.stringify(name)}`)
    }
  }

  /** A column or an alias: known, the caller's own to the letter, or made of two such by a rule of ours. */
  private name(name: string): string {
    if (this.known.names.has(name)) return name
    if (!this.callers.has(name) && !this.isDerived(name)) this.fault(`name: ${JSON.stringify(name)}`)
    return '?'
  }

  /** `table_2`, `table_key_2`, cut to 56 bytes, and underlines behind it where it was taken. */
  private isDerived(name: string): boolean {
    const keys = ['', ...[...this.callers, ...this.known.relations].map((key) => `_${key}`)]
    for (const table of this.known.relations) {
      if (!name.startsWith(table.slice(0, 8))) continue
      for (const key of keys) {
        for (let depth = 1; depth <= DEPTH_MAX; depth++) {
          const alias = cutTo(`${table}${key}_${depth}`, ALIAS_BYTES_MAX)
          if (name.startsWith(alias) && /^_*$/.test(name.slice(alias.length))) return true
        }
      }
    }
    return false
  }

  private walk(value: unknown, at: string): unknown {
    if (Array.isArray(value)) return value.map((each) => this.walk(each, at))
    if (!isNode(value)) return value
    const result: Node = {}
    for (const [key, inner] of Object.entries(value)) {
      if (PLACES.has(key)) continue
      const judged = /^[A-Z]/.test(key) ? this.node(key, inner) : this.field(at, key, inner)
      // Columns are handed on in the order of their names, which other names change.
      result[key] =
        LISTS.has(key) && Array.isArray(judged) ? judged.map((each) => JSON.stringify(each)).sort() : judged
    }
    return result
  }

  /** A node by its kind: names it holds are judged by what they name. */
  private node(kind: string, inner: unknown): unknown {
    if (!this.known.nodes.has(kind)) this.fault(`node: ${kind}`)
    const node = isNode(inner) ? inner : {}
    switch (kind) {
      case 'FuncCall':
        this.check(
          'functions',
          texts(node.funcname).filter((name) => name !== 'public' && name !== 'pg_catalog'),
        )
        this.found.functions.add(texts(node.funcname).join('.'))
        return {
          ...(this.walk({ ...node, funcname: undefined }, kind) as Node),
          funcname: texts(node.funcname),
        }
      case 'A_Expr':
        this.check('operators', texts(node.name))
        return { ...(this.walk({ ...node, name: undefined }, kind) as Node), name: texts(node.name) }
      case 'ColumnRef':
        return this.columnRef(node.fields)
      case 'A_Const':
        return this.constant(node)
      case 'ParamRef':
        this.found.parameters.add(Number(node.number))
        return '$'
    }
    const table = isNode(node.relation) ? node.relation : {}
    if (WRITES[kind])
      this.found.writes.push(`${WRITES[kind]} ${String(table.schemaname)}.${String(table.relname)}`)
    return this.walk(node, kind)
  }

  private columnRef(fields: unknown): unknown {
    return (Array.isArray(fields) ? fields : []).map((field: unknown) =>
      isNode(field) && 'A_Star' in field ? '*' : this.name(textOf(field)),
    )
  }

  private constant(node: Node): unknown {
    const text = isNode(node.sval) ? String(node.sval.sval ?? '') : null
    if (text !== null && !this.known.constants.has(text)) this.fault(`constant: ${JSON.stringify(text)}`)
    const number = isNode(node.ival) ? Number(node.ival.ival ?? 0) : null
    if (number !== null && (number < 0 || number > 100)) this.fault(`number: ${number}`)
    if (isNode(node.fval) || isNode(node.bsval)) this.fault(`constant: ${JSON.stringify(node)}`)
    return this.walk(node, 'A_Const')
  }

  /** Fields whose value is a text: each is one kind of name, or a word of the grammar. */
  private field(at: string, key: string, inner: unknown): unknown {
    if (key === 'typeName' || key === 'names') return this.typeName(key, inner)
    if (typeof inner !== 'string') return this.walk(inner, key === 'relation' || key === 'alias' ? key : at)
    switch (key) {
      case 'relname':
      case 'schemaname':
        this.check('relations', [inner])
        return inner
      case 'aliasname':
      case 'name':
      case 'colname':
      case 'ctename':
        return this.name(inner)
    }
    return inner
  }

  private typeName(key: string, inner: unknown): unknown {
    if (key === 'names') {
      this.check('types', texts(inner))
      return texts(inner)
    }
    return this.walk(inner, key)
  }
}
