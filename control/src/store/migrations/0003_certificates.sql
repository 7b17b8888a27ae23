CREATE TABLE "certificate_ledger" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"directory" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"kind" text NOT NULL,
	"names" jsonb,
	"is_renewal" boolean,
	"host" text
);
--> statement-breakpoint
CREATE TABLE "certificate_orders" (
	"name" text PRIMARY KEY NOT NULL,
	"ref" text,
	"names" jsonb NOT NULL,
	"directory" text NOT NULL,
	"key" text,
	"csr" text,
	"replaces" text,
	"asked_at" timestamp with time zone,
	"url" text,
	"proofs" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"problem" jsonb,
	"next_try_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "certificates" (
	"name" text NOT NULL,
	"source" text NOT NULL,
	"ref" text,
	"names" jsonb NOT NULL,
	"file" text NOT NULL,
	"chain" text NOT NULL,
	"key" text NOT NULL,
	"issuer" text NOT NULL,
	"serial" text NOT NULL,
	"ari_id" text,
	"not_before" timestamp with time zone NOT NULL,
	"not_after" timestamp with time zone NOT NULL,
	"renew_at" timestamp with time zone,
	"window_start" timestamp with time zone,
	"window_end" timestamp with time zone,
	"window_check_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "certificates_name_source_pk" PRIMARY KEY("name","source")
);
--> statement-breakpoint
CREATE INDEX "certificate_ledger_at" ON "certificate_ledger" USING btree ("directory","at");