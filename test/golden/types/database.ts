export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  // What the API speaks: createClient<Database>() chooses its own types by it.
  __InternalSupabase: {
    PostgrestVersion: "14.17"
  }
  public: {
    Tables: {
      customers: {
        Row: {
          active: boolean
          address: Database["public"]["CompositeTypes"]["point_of_sale"] | null
          class: string | null
          email: string
          extra: Json | null
          feeling: Database["public"]["Enums"]["mood"] | null
          full_name: string
          id: number
          joined: string
          matrix: number[] | null
          moods: Database["public"]["Enums"]["mood"][]
          photo: string | null
          profile: NonNullable<Json>
          serial_no: number
          shout: string | null
          tags: string[]
          visits: unknown
          "weird name": string | null
          work: string | null
          first_invoice: {
            corrects_number: number | null
            corrects_region: string | null
            customer_id: number
            number: number
            paid: string | null
            region: string
            total: number
          } | null
          initials: string | null
          invoices_of: {
            corrects_number: number | null
            corrects_region: string | null
            customer_id: number
            number: number
            paid: string | null
            region: string
            total: number
          } | null
        }
        Insert: {
          active?: boolean
          address?: Database["public"]["CompositeTypes"]["point_of_sale"] | null
          class?: string | null
          email: string
          extra?: Json | null
          feeling?: Database["public"]["Enums"]["mood"] | null
          full_name: string
          id?: never
          joined?: string
          matrix?: number[] | null
          moods?: Database["public"]["Enums"]["mood"][]
          photo?: string | null
          profile?: NonNullable<Json>
          serial_no?: number
          shout?: never
          tags?: string[]
          visits?: unknown
          "weird name"?: string | null
          work?: string | null
        }
        Update: {
          active?: boolean
          address?: Database["public"]["CompositeTypes"]["point_of_sale"] | null
          class?: string | null
          email?: string
          extra?: Json | null
          feeling?: Database["public"]["Enums"]["mood"] | null
          full_name?: string
          id?: never
          joined?: string
          matrix?: number[] | null
          moods?: Database["public"]["Enums"]["mood"][]
          photo?: string | null
          profile?: NonNullable<Json>
          serial_no?: number
          shout?: never
          tags?: string[]
          visits?: unknown
          "weird name"?: string | null
          work?: string | null
        }
        Relationships: []
      }
      invoice_products: {
        Row: {
          amount: number
          number: number
          product_id: string
          region: string
        }
        Insert: {
          amount?: number
          number: number
          product_id: string
          region: string
        }
        Update: {
          amount?: number
          number?: number
          product_id?: string
          region?: string
        }
        Relationships: [
          {
            foreignKeyName: "invoice_products_product_id_fkey"
            columns: ["product_id"]
            isOneToOne: false
            referencedRelation: "products"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "invoice_products_region_number_fkey"
            columns: ["region", "number"]
            isOneToOne: false
            referencedRelation: "invoices"
            referencedColumns: ["region", "number"]
          },
        ]
      }
      invoices: {
        Row: {
          corrects_number: number | null
          corrects_region: string | null
          customer_id: number
          number: number
          paid: string | null
          region: string
          total: number
          payer: {
            active: boolean
            address: Database["public"]["CompositeTypes"]["point_of_sale"] | null
            class: string | null
            email: string
            extra: Json | null
            feeling: Database["public"]["Enums"]["mood"] | null
            full_name: string
            id: number
            joined: string
            matrix: number[] | null
            moods: Database["public"]["Enums"]["mood"][]
            photo: string | null
            profile: NonNullable<Json>
            serial_no: number
            shout: string | null
            tags: string[]
            visits: unknown
            "weird name": string | null
            work: string | null
          } | null
        }
        Insert: {
          corrects_number?: number | null
          corrects_region?: string | null
          customer_id: number
          number: number
          paid?: string | null
          region: string
          total: number
        }
        Update: {
          corrects_number?: number | null
          corrects_region?: string | null
          customer_id?: number
          number?: number
          paid?: string | null
          region?: string
          total?: number
        }
        Relationships: [
          {
            foreignKeyName: "corrects"
            columns: ["corrects_region", "corrects_number"]
            isOneToOne: false
            referencedRelation: "invoices"
            referencedColumns: ["region", "number"]
          },
          {
            foreignKeyName: "invoices_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "customer_names"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "invoices_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "customers"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "invoices_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "happy_customers"
            referencedColumns: ["id"]
          },
        ]
      }
      nothing: {
        Row: {}
        Insert: {}
        Update: {}
        Relationships: []
      }
      passports: {
        Row: {
          customer_id: number
          expires: string
          number: string
        }
        Insert: {
          customer_id: number
          expires: string
          number: string
        }
        Update: {
          customer_id?: number
          expires?: string
          number?: string
        }
        Relationships: [
          {
            foreignKeyName: "passports_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: true
            referencedRelation: "customer_names"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "passports_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: true
            referencedRelation: "customers"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "passports_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: true
            referencedRelation: "happy_customers"
            referencedColumns: ["id"]
          },
        ]
      }
      products: {
        Row: {
          id: string
          name: string
          price: number | null
        }
        Insert: {
          id?: string
          name: string
          price?: number | null
        }
        Update: {
          id?: string
          name?: string
          price?: number | null
        }
        Relationships: []
      }
      readings: {
        Row: {
          at: string
          sensor: number
          value: number | null
        }
        Insert: {
          at: string
          sensor: number
          value?: number | null
        }
        Update: {
          at?: string
          sensor?: number
          value?: number | null
        }
        Relationships: []
      }
      readings_2026: {
        Row: {
          at: string
          sensor: number
          value: number | null
        }
        Insert: {
          at: string
          sensor: number
          value?: number | null
        }
        Update: {
          at?: string
          sensor?: number
          value?: number | null
        }
        Relationships: []
      }
    }
    Views: {
      customer_names: {
        Row: {
          id: number | null
          name: string | null
        }
        Insert: {
          id?: number | null
          name?: string | null
        }
        Update: {
          id?: number | null
          name?: string | null
        }
        Relationships: []
      }
      happy_customers: {
        Row: {
          feeling: Database["public"]["Enums"]["mood"] | null
          full_name: string | null
          id: number | null
        }
        Insert: {
          feeling?: Database["public"]["Enums"]["mood"] | null
          full_name?: string | null
          id?: number | null
        }
        Update: {
          feeling?: Database["public"]["Enums"]["mood"] | null
          full_name?: string | null
          id?: number | null
        }
        Relationships: []
      }
      sales: {
        Row: {
          product_id: string | null
          sold: number | null
        }
        Relationships: [
          {
            foreignKeyName: "invoice_products_product_id_fkey"
            columns: ["product_id"]
            isOneToOne: false
            referencedRelation: "products"
            referencedColumns: ["id"]
          },
        ]
      }
      spending: {
        Row: {
          customer_id: number | null
          spent: number | null
        }
        Relationships: [
          {
            foreignKeyName: "invoices_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "customer_names"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "invoices_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "customers"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "invoices_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "happy_customers"
            referencedColumns: ["id"]
          },
        ]
      }
      spending_by_hand: {
        Row: {
          customer_id: number | null
          spent: number | null
        }
        Insert: {
          customer_id?: number | null
          spent?: number | null
        }
        Relationships: [
          {
            foreignKeyName: "invoices_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "customer_names"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "invoices_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "customers"
            referencedColumns: ["id"]
          },
          {
            foreignKeyName: "invoices_customer_id_fkey"
            columns: ["customer_id"]
            isOneToOne: false
            referencedRelation: "happy_customers"
            referencedColumns: ["id"]
          },
        ]
      }
    }
    Functions: {
      add: {
        Args: { a: number; b?: number }
        Returns: number
      }
      anything: {
        Args: Record<PropertyKey, never>
        Returns: Record<string, unknown>
      }
      find_customers: {
        Args: { term: string }
        Returns: {
          active: boolean
          address: Database["public"]["CompositeTypes"]["point_of_sale"] | null
          class: string | null
          email: string
          extra: Json | null
          feeling: Database["public"]["Enums"]["mood"] | null
          full_name: string
          id: number
          joined: string
          matrix: number[] | null
          moods: Database["public"]["Enums"]["mood"][]
          photo: string | null
          profile: NonNullable<Json>
          serial_no: number
          shout: string | null
          tags: string[]
          visits: unknown
          "weird name": string | null
          work: string | null
        }[]
        SetofOptions: {
          from: "*"
          to: "customers"
          isOneToOne: false
          isSetofReturn: true
        }
      }
      first_invoice: {
        Args: { customer: Database["public"]["Tables"]["customers"]["Row"] }
        Returns: {
          corrects_number: number | null
          corrects_region: string | null
          customer_id: number
          number: number
          paid: string | null
          region: string
          total: number
        }
        SetofOptions: {
          from: "customers"
          to: "invoices"
          isOneToOne: true
          isSetofReturn: true
        }
      }
      initials: {
        Args: { "": Database["public"]["Tables"]["customers"]["Row"] }
        Returns: { error: true } & "the function public.initials with parameter or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache"
      }
      invoices_of: {
        Args: { "": Database["public"]["Tables"]["customers"]["Row"] }
        Returns: {
          corrects_number: number | null
          corrects_region: string | null
          customer_id: number
          number: number
          paid: string | null
          region: string
          total: number
        }[]
        SetofOptions: {
          from: "customers"
          to: "invoices"
          isOneToOne: false
          isSetofReturn: true
        }
      }
      moods_of: {
        Args: Record<PropertyKey, never>
        Returns: Database["public"]["Enums"]["mood"][]
      }
      nothing_to_say: {
        Args: Record<PropertyKey, never>
        Returns: undefined
      }
      on_state: {
        Args: { during: unknown; state: Database["shop"]["Enums"]["state"] }
        Returns: Database["shop"]["Enums"]["state"]
      }
      one_customer: {
        Args: { id: number }
        Returns: {
          active: boolean
          address: Database["public"]["CompositeTypes"]["point_of_sale"] | null
          class: string | null
          email: string
          extra: Json | null
          feeling: Database["public"]["Enums"]["mood"] | null
          full_name: string
          id: number
          joined: string
          matrix: number[] | null
          moods: Database["public"]["Enums"]["mood"][]
          photo: string | null
          profile: NonNullable<Json>
          serial_no: number
          shout: string | null
          tags: string[]
          visits: unknown
          "weird name": string | null
          work: string | null
        }
        SetofOptions: {
          from: "*"
          to: "customers"
          isOneToOne: true
          isSetofReturn: false
        }
      }
      payer: {
        Args: { "": Database["public"]["Tables"]["invoices"]["Row"] }
        Returns: {
          active: boolean
          address: Database["public"]["CompositeTypes"]["point_of_sale"] | null
          class: string | null
          email: string
          extra: Json | null
          feeling: Database["public"]["Enums"]["mood"] | null
          full_name: string
          id: number
          joined: string
          matrix: number[] | null
          moods: Database["public"]["Enums"]["mood"][]
          photo: string | null
          profile: NonNullable<Json>
          serial_no: number
          shout: string | null
          tags: string[]
          visits: unknown
          "weird name": string | null
          work: string | null
        }
        SetofOptions: {
          from: "invoices"
          to: "customers"
          isOneToOne: true
          isSetofReturn: false
        }
      }
      search:
        | {
            Args: { term: string }
            Returns: number
          }
        | {
            Args: { feeling: Database["public"]["Enums"]["mood"]; term: string }
            Returns: number
          }
      split: {
        Args: { whole: string }
        Returns: Record<string, unknown>
      }
      sum_of: {
        Args: { numbers: number[] }
        Returns: number
      }
      take_body: {
        Args: { "": Json }
        Returns: Json
      }
      top_products: {
        Args: { n: number }
        Returns: {
          product: string
          sold: number
        }[]
      }
      unclear:
        | {
            Args: { value: number }
            Returns: { error: true } & "Could not choose the best candidate function between: public.unclear(value => int4), public.unclear(value => text). Try renaming the parameters or the function itself in the database so function overloading can be resolved"
          }
        | {
            Args: { value: string }
            Returns: { error: true } & "Could not choose the best candidate function between: public.unclear(value => int4), public.unclear(value => text). Try renaming the parameters or the function itself in the database so function overloading can be resolved"
          }
      where_is: {
        Args: { customer: number }
        Returns: Database["public"]["CompositeTypes"]["point_of_sale"]
        SetofOptions: {
          from: "*"
          to: "point_of_sale"
          isOneToOne: true
          isSetofReturn: false
        }
      }
    }
    Enums: {
      mood: "calm" | "tense" | "don't ask"
    }
    CompositeTypes: {
      point_of_sale: {
        street: string | null
        number: number | null
        moods: Database["public"]["Enums"]["mood"][] | null
      }
    }
  }
  shop: {
    Tables: {
      branches: {
        Row: {
          feeling: Database["public"]["Enums"]["mood"] | null
          id: number
          manager: number | null
          state: Database["shop"]["Enums"]["state"]
          branch_shelves: {
            branch_id: number
            id: number
          } | null
        }
        Insert: {
          feeling?: Database["public"]["Enums"]["mood"] | null
          id: number
          manager?: number | null
          state: Database["shop"]["Enums"]["state"]
        }
        Update: {
          feeling?: Database["public"]["Enums"]["mood"] | null
          id?: number
          manager?: number | null
          state?: Database["shop"]["Enums"]["state"]
        }
        Relationships: []
      }
      shelves: {
        Row: {
          branch_id: number
          id: number
        }
        Insert: {
          branch_id: number
          id: number
        }
        Update: {
          branch_id?: number
          id?: number
        }
        Relationships: [
          {
            foreignKeyName: "shelves_branch_id_fkey"
            columns: ["branch_id"]
            isOneToOne: false
            referencedRelation: "branches"
            referencedColumns: ["id"]
          },
        ]
      }
    }
    Views: {
      [_ in never]: never
    }
    Functions: {
      branch_shelves: {
        Args: { "": Database["shop"]["Tables"]["branches"]["Row"] }
        Returns: {
          branch_id: number
          id: number
        }[]
        SetofOptions: {
          from: "branches"
          to: "shelves"
          isOneToOne: false
          isSetofReturn: true
        }
      }
    }
    Enums: {
      state: "open" | "shut"
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}

type Schemas = Omit<Database, "__InternalSupabase">

type DefaultSchema = Schemas[Extract<keyof Schemas, "public">]

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

export const Constants = {
  public: {
    Enums: {
      mood: ["calm", "tense", "don't ask"],
    },
  },
  shop: {
    Enums: {
      state: ["open", "shut"],
    },
  },
} as const
