ALTER TABLE "projects" ADD COLUMN "db_restarts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
-- What databases were made from must stay the same: until now both counted by one number.
UPDATE "projects" SET "db_restarts" = "restarts";
