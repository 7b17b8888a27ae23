/**
 * What a Postgres type is in TypeScript, as its values travel in JSON. Types of the schemas that are written out are
 * named by their place in `Database`; what has no better word is `unknown`, as Supabase has it (ranges among them).
 */
import type { Catalog, CatalogRelation, CatalogType } from './catalog.ts'
import { quote } from './layout.ts'

const WORDS: Readonly<Record<string, string>> = {
  bool: 'boolean',
  json: 'Json',
  jsonb: 'Json',
  void: 'undefined',
  record: 'Record<string, unknown>',
  ...Object.fromEntries(
    ['int2', 'int4', 'int8', 'float4', 'float8', 'numeric'].map((name) => [name, 'number']),
  ),
  ...Object.fromEntries(
    [
      ...['bytea', 'bpchar', 'varchar', 'text', 'citext', 'uuid', 'vector', 'interval'],
      ...['date', 'time', 'timetz', 'timestamp', 'timestamptz'],
    ].map((name) => [name, 'string']),
  ),
}

export class TypeTexts {
  readonly #types: ReadonlyMap<number, CatalogType>
  readonly #relations: ReadonlyMap<number, CatalogRelation>
  readonly #schemas: ReadonlySet<string>

  constructor({ types, relations, schemas }: Catalog) {
    this.#types = new Map(types.map((type) => [type.oid, type]))
    this.#relations = new Map(relations.map((relation) => [relation.oid, relation]))
    this.#schemas = new Set(schemas)
  }

  find(oid: number): CatalogType | undefined {
    return this.#types.get(oid)
  }

  relation(oid: number | null): CatalogRelation | undefined {
    return oid === null ? undefined : this.#relations.get(oid)
  }

  of(oid: number): string {
    const type = this.#types.get(oid)
    if (type === undefined) return 'unknown'
    if (type.base !== null) return this.of(type.base)
    if (type.element !== null) {
      const element = this.of(type.element)
      return element.includes(' | ') ? `(${element})[]` : `${element}[]`
    }
    if (type.labels.length > 0) return this.#placed(type, 'Enums') ?? type.labels.map(quote).join(' | ')
    if (type.relation !== null) return this.#rowOf(type, type.relation)
    return WORDS[type.name] ?? 'unknown'
  }

  /** `Json` holds null already, and `unknown` everything. */
  nullable(oid: number, nullable: boolean): string {
    return orNull(this.of(oid), nullable)
  }

  #rowOf(type: CatalogType, oid: number): string {
    const relation = this.#relations.get(oid)
    if (relation !== undefined) return `${this.#placed(relation, sectionOf(relation)) ?? 'unknown'}["Row"]`
    const isComposite = type.attributes.length > 0
    return (isComposite ? this.#placed(type, 'CompositeTypes') : undefined) ?? 'unknown'
  }

  #placed({ schema, name }: { schema: string; name: string }, section: string): string | undefined {
    return this.#schemas.has(schema) ? `Database[${quote(schema)}]["${section}"][${quote(name)}]` : undefined
  }
}

export const sectionOf = ({ kind }: CatalogRelation): 'Tables' | 'Views' =>
  kind === 'v' || kind === 'm' ? 'Views' : 'Tables'

export function orNull(text: string, nullable: boolean): string {
  if (!nullable) return text === 'Json' ? 'NonNullable<Json>' : text
  return text === 'unknown' ? text : `${text} | null`
}
