/** The types a program names its rows by: `Tables<'todos'>`, `TablesInsert<{ schema: 'shop' }, 'orders'>`. */
import { quote } from './layout.ts'

/** @param schema the one that names without a schema are looked for in. */
export const shorthands = (schema: string): string => `
type Schemas = Omit<Database, "__InternalSupabase">

type DefaultSchema = Schemas[Extract<keyof Schemas, ${quote(schema)}>]

type Section = "Tables" | "Enums" | "CompositeTypes"

type Relations<Schema extends keyof Schemas> = Schemas[Schema]["Tables"] & Schemas[Schema]["Views"]

/** Names in a section of the schema that was given; none, where a plain name was given instead. */
type NamesIn<Given, Kind extends Section> = Given extends { schema: infer Schema extends keyof Schemas }
  ? keyof Schemas[Schema][Kind]
  : never

type EntryOf<Given, Name, Kind extends Section> = Given extends {
  schema: infer Schema extends keyof Schemas
}
  ? Schemas[Schema][Kind][Name & keyof Schemas[Schema][Kind]]
  : DefaultSchema[Kind][Given & keyof DefaultSchema[Kind]]

export type Tables<
  NameOrSchema extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof Schemas },
  Name extends NameOrSchema extends { schema: infer Schema extends keyof Schemas }
    ? keyof Relations<Schema>
    : never = never,
> = (
  NameOrSchema extends { schema: infer Schema extends keyof Schemas }
    ? Relations<Schema>[Name & keyof Relations<Schema>]
    : (DefaultSchema["Tables"] & DefaultSchema["Views"])[NameOrSchema &
        keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])]
) extends { Row: infer Row }
  ? Row
  : never

export type TablesInsert<
  NameOrSchema extends keyof DefaultSchema["Tables"] | { schema: keyof Schemas },
  Name extends NamesIn<NameOrSchema, "Tables"> = never,
> = EntryOf<NameOrSchema, Name, "Tables"> extends { Insert: infer Insert } ? Insert : never

export type TablesUpdate<
  NameOrSchema extends keyof DefaultSchema["Tables"] | { schema: keyof Schemas },
  Name extends NamesIn<NameOrSchema, "Tables"> = never,
> = EntryOf<NameOrSchema, Name, "Tables"> extends { Update: infer Update } ? Update : never

export type Enums<
  NameOrSchema extends keyof DefaultSchema["Enums"] | { schema: keyof Schemas },
  Name extends NamesIn<NameOrSchema, "Enums"> = never,
> = EntryOf<NameOrSchema, Name, "Enums">

export type CompositeTypes<
  NameOrSchema extends keyof DefaultSchema["CompositeTypes"] | { schema: keyof Schemas },
  Name extends NamesIn<NameOrSchema, "CompositeTypes"> = never,
> = EntryOf<NameOrSchema, Name, "CompositeTypes">
`
