CREATE TABLE "domains" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"ref" text NOT NULL,
	"name" text NOT NULL,
	"redirect_to" text,
	"https_only" boolean DEFAULT true NOT NULL,
	"proof" text NOT NULL,
	"verified_at" timestamp with time zone,
	"checked_at" timestamp with time zone,
	"last_problem" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "domains_claim" UNIQUE("ref","name")
);
--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "image_tag" text;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "last_active_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "asleep_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "woken_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "projects" ADD COLUMN "wake_ms" integer;--> statement-breakpoint
CREATE UNIQUE INDEX "domains_owner" ON "domains" USING btree ("name") WHERE "domains"."verified_at" is not null;